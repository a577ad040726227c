package triton

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/triton/internal/kserve"
)

// connections to one server: a large tensor on its way must not hold up the others, and
// one connection does not carry all that a server can take.
const connections = 2

// mostBytes is how large a message may be, as Triton's own gRPC server has it, and as much is
// read of an answer over HTTP: tensors of 1 GiB, and what they are framed in.
const mostBytes = math.MaxInt32

// grpcWire is the transport over gRPC.
type grpcWire struct {
	conns   []*grpc.ClientConn
	next    atomic.Uint32
	headers metadata.MD
	infer   []grpc.CallOption // of questions
}

func dialGRPC(host string, secure *tls.Config, headers map[string]string, compress bool) (*grpcWire, error) {
	creds := insecure.NewCredentials()
	if secure != nil {
		creds = credentials.NewTLS(secure)
	}
	again := backoff.DefaultConfig
	again.BaseDelay, again.MaxDelay = 200*time.Millisecond, 3*time.Second // the lab waits for it
	w := &grpcWire{headers: metadata.MD{}, infer: []grpc.CallOption{grpc.ForceCodecV2(codec{})}}
	if compress {
		w.infer = append(w.infer, grpc.UseCompressor(gzip.Name))
	}
	for k, v := range headers {
		w.headers.Set(strings.ToLower(k), v)
	}
	for range connections {
		c, err := grpc.NewClient("dns:///"+host,
			grpc.WithTransportCredentials(creds),
			grpc.WithConnectParams(grpc.ConnectParams{Backoff: again, MinConnectTimeout: 5 * time.Second}),
			grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 5 * time.Minute, Timeout: 20 * time.Second}), // Triton ends those who ping more
			grpc.WithInitialWindowSize(8<<20), grpc.WithInitialConnWindowSize(16<<20),
			grpc.WithWriteBufferSize(256<<10), grpc.WithReadBufferSize(256<<10),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(mostBytes), grpc.MaxCallSendMsgSize(mostBytes)),
		)
		if err != nil {
			return nil, errors.Join(err, w.close())
		}
		w.conns = append(w.conns, c)
	}
	return w, nil
}

func (w *grpcWire) close() error {
	var errs []error
	for _, c := range w.conns {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// pick returns the connection whose turn it is, and ctx with the headers. One that waits
// before it tries again to connect is passed over: another may be through already.
func (w *grpcWire) pick(ctx context.Context) (context.Context, *grpc.ClientConn) {
	first := int(w.next.Add(1))
	pick := w.conns[first%len(w.conns)]
	for i := range w.conns {
		if c := w.conns[(first+i)%len(w.conns)]; c.GetState() != connectivity.TransientFailure {
			pick = c
			break
		}
	}
	return metadata.NewOutgoingContext(ctx, w.headers), pick
}

func (w *grpcWire) client(ctx context.Context) (context.Context, kserve.GRPCInferenceServiceClient) { //nolint:ireturn // generated code has interfaces only
	ctx, c := w.pick(ctx)
	return ctx, kserve.NewGRPCInferenceServiceClient(c)
}

func (w *grpcWire) ready(ctx context.Context) (bool, error) {
	ctx, c := w.client(ctx)
	r, err := c.ServerReady(ctx, &kserve.ServerReadyRequest{})
	return r.GetReady(), refused(err)
}

func (w *grpcWire) index(ctx context.Context) ([]entry, error) {
	ctx, c := w.client(ctx)
	r, err := c.RepositoryIndex(ctx, &kserve.RepositoryIndexRequest{})
	if err != nil {
		return nil, refused(err)
	}
	all, err := c.ModelStatistics(ctx, &kserve.ModelStatisticsRequest{})
	var known, ready []entry
	for _, m := range r.GetModels() {
		known = append(known, entry{m.GetName(), m.GetVersion(), m.GetState(), m.GetReason()})
	}
	for _, m := range all.GetModelStats() {
		ready = append(ready, entry{Name: m.GetName(), Version: m.GetVersion()})
	}
	return merge(known, ready), refused(err)
}

func (w *grpcWire) describe(ctx context.Context, model, version string) (infer.Spec, error) {
	ctx, c := w.client(ctx)
	r, err := c.ModelMetadata(ctx, &kserve.ModelMetadataRequest{Name: model, Version: version})
	if err != nil {
		return infer.Spec{}, refused(err)
	}
	ports := func(list []*kserve.ModelMetadataResponse_TensorMetadata) []infer.Port {
		var out []infer.Port
		for _, p := range list {
			out = append(out, infer.Port{Name: p.GetName(), Type: p.GetDatatype(), Shape: p.GetShape()})
		}
		return out
	}
	return infer.Spec{In: ports(r.GetInputs()), Out: ports(r.GetOutputs())}, nil
}

func (w *grpcWire) parameters(ctx context.Context, model string) (map[string]string, error) {
	ctx, c := w.client(ctx)
	r, err := c.ModelConfig(ctx, &kserve.ModelConfigRequest{Name: model})
	out := map[string]string{}
	for k, v := range r.GetConfig().GetParameters() {
		out[k] = v.GetStringValue()
	}
	return out, refused(err)
}

func (w *grpcWire) load(ctx context.Context, model, config string, files map[string][]byte) error {
	p := map[string]*kserve.ModelRepositoryParameter{}
	if config != "" {
		p["config"] = &kserve.ModelRepositoryParameter{ParameterChoice: &kserve.ModelRepositoryParameter_StringParam{StringParam: config}}
	}
	for name, data := range files {
		p[name] = &kserve.ModelRepositoryParameter{ParameterChoice: &kserve.ModelRepositoryParameter_BytesParam{BytesParam: data}}
	}
	ctx, c := w.client(ctx)
	_, err := c.RepositoryModelLoad(ctx, &kserve.RepositoryModelLoadRequest{ModelName: model, Parameters: p})
	return refused(err)
}

func (w *grpcWire) unload(ctx context.Context, model string) error {
	ctx, c := w.client(ctx)
	_, err := c.RepositoryModelUnload(ctx, &kserve.RepositoryModelUnloadRequest{ModelName: model})
	return refused(err)
}

func (w *grpcWire) ask(ctx context.Context, q *question) ([]infer.Tensor, error) {
	ctx, c := w.pick(ctx)
	out := &answer{}
	err := c.Invoke(ctx, kserve.GRPCInferenceService_ModelInfer_FullMethodName, q, out, w.infer...)
	if err != nil {
		return nil, refused(err)
	}
	return out.tensors, nil
}

// stream implements streamer. The server marks the last answer, which may be empty.
func (w *grpcWire) stream(ctx context.Context, q *question, each func([]infer.Tensor) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // an end before the last answer
	ctx, c := w.pick(ctx)
	desc := &kserve.GRPCInferenceService_ServiceDesc.Streams[0]
	s, err := c.NewStream(ctx, desc, kserve.GRPCInferenceService_ModelStreamInfer_FullMethodName, w.infer...)
	if err == nil {
		q.final = true
		err = s.SendMsg(q)
	}
	if err == nil {
		err = s.CloseSend()
	}
	for err == nil {
		a := &part{}
		if err = s.RecvMsg(a); errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && a.fault != "" {
			return &refusal{code: codes.Unknown, text: a.fault}
		}
		if err == nil && len(a.tensors) > 0 {
			if err := each(a.tensors); err != nil {
				return err
			}
		}
	}
	return refused(err)
}

func (w *grpcWire) register(ctx context.Context, region string, size int64) error {
	ctx, c := w.client(ctx)
	_, err := c.SystemSharedMemoryRegister(ctx, &kserve.SystemSharedMemoryRegisterRequest{
		Name: region, Key: "/" + region, ByteSize: uint64(size), //nolint:gosec // positive
	})
	return refused(err)
}

func (w *grpcWire) unregister(ctx context.Context, region string) error {
	ctx, c := w.client(ctx)
	_, err := c.SystemSharedMemoryUnregister(ctx, &kserve.SystemSharedMemoryUnregisterRequest{Name: region})
	return refused(err)
}

// refused reads what gRPC gives as an error; nil stays nil.
func refused(err error) error {
	if err == nil {
		return nil
	}
	s, ok := status.FromError(err)
	if !ok {
		return err
	}
	code := s.Code()
	if code == codes.Canceled { // not by us, or whoever asked looks at its context: a proxy, or a server that ends
		code = codes.Unavailable
	}
	return &refusal{code: code, text: s.Message()}
}
