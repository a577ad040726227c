package wire

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestSlowIsNotSilent sends for longer than the server may be silent, to one that takes each byte
// at once and to one that stops.
func TestSlowIsNotSilent(t *testing.T) {
	for _, takes := range []int64{12, 3} {
		synctest.Test(t, func(t *testing.T) {
			client, server := net.Pipe()
			defer server.Close()
			go func() {
				req, err := http.ReadRequest(bufio.NewReaderSize(server, 16))
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := io.CopyN(io.Discard, req.Body, takes); err != nil {
					t.Error(err)
				}
				if takes == 12 {
					if n, err := io.Copy(io.Discard, req.Body); n != 0 || err != nil {
						t.Errorf("%d bytes more, %v", n, err)
					}
					_, _ = io.WriteString(server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				}
			}()
			r, w := io.Pipe()
			var g sync.WaitGroup
			defer g.Wait()
			g.Go(func() {
				for range 12 {
					time.Sleep(900 * time.Millisecond)
					_, _ = w.Write([]byte("x"))
				}
				w.Close()
			})
			tr := Link{}.Transport()
			defer tr.CloseIdleConnections()
			tr.WriteBufferSize = 1
			tr.DialContext = func(context.Context, string, string) (net.Conn, error) { return &watched{client, time.Second}, nil }
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://lab/", r)
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			resp, err := (&http.Client{Transport: tr}).Do(req)
			if err == nil {
				defer resp.Body.Close()
			}
			took := time.Since(begun)
			if takes == 12 && (err != nil || resp.StatusCode != http.StatusOK || took != 12*900*time.Millisecond) {
				t.Errorf("slow: %v, %v", took, err)
			}
			if takes == 3 && (err == nil || took > 6*time.Second) {
				t.Errorf("silent: %v, %v", took, err)
			}
		})
	}
}
