package station_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// cable is a wire between the station and a real server that can be pulled.
type cable struct {
	to string
	ln net.Listener

	mu    sync.Mutex
	cut   bool
	hung  bool // nothing comes through, and nobody says so
	conns []net.Conn
	wg    sync.WaitGroup
}

// plug lays a cable to the server at address, a URL, and returns the address of its end.
func plug(t *testing.T, address string) (*cable, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{to: u.Host, ln: ln}
	c.wg.Go(c.serve)
	t.Cleanup(func() {
		c.pull()
		ln.Close()
		c.wg.Wait()
	})
	u.Host = ln.Addr().String()
	return c, u.String()
}

func (c *cable) serve() {
	for {
		in, err := c.ln.Accept()
		if err != nil {
			return
		}
		c.wg.Go(func() { c.join(in) })
	}
}

func (c *cable) join(in net.Conn) {
	defer in.Close()
	if c.hangs(in) {
		io.Copy(io.Discard, in)
		return
	}
	out, err := net.Dial("tcp", c.to)
	if err != nil || !c.hold(in, out) {
		return
	}
	defer out.Close()
	c.wg.Go(func() { io.Copy(out, in); out.Close() })
	io.Copy(in, out)
}

func (c *cable) hold(conns ...net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut {
		for _, k := range conns {
			k.Close()
		}
		return false
	}
	c.conns = append(c.conns, conns...)
	return true
}

// hangs holds a connection if it is to lead nowhere.
func (c *cable) hangs(in net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hung && !c.cut {
		c.conns = append(c.conns, in)
		return true
	}
	return false
}

// hang lets what comes from now on wait until the cable is pulled.
func (c *cable) hang() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hung = true
}

func (c *cable) pull() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
	for _, k := range c.conns {
		k.Close()
	}
	c.conns = nil
}

func (c *cable) back() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut, c.hung = false, false
}
