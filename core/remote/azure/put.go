package azure

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote/wire"
)

// Files from 100 MiB on go in blocks of 50 MiB, as to S3. A blob takes 50,000 blocks.
const (
	blocksFrom = 100 << 20
	blockSize  = 50 << 20
	maxBlocks  = 50_000
)

// askFrom is the size from which a question first is cheaper than a body sent in vain.
const askFrom = 1 << 20

// Put stores a blob. The server itself refuses to replace one, and compares the bytes
// with the MD5 in the key.
func (c *Container) Put(ctx context.Context, key string, r io.ReadSeeker, size int64) error {
	at, err := c.at(ctx, key)
	if err != nil {
		return err
	}
	if size >= askFrom {
		if is, err := c.has(ctx, key, size); is || err != nil {
			return err
		}
	}
	src, err := wire.NewSource(r, size)
	if err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	client := c.client.NewBlockBlobClient(at)
	if size < blocksFrom {
		err = c.whole(ctx, client, key, src, size)
	} else {
		err = c.blocks(ctx, client, key, src, size)
	}
	if bad := src.Err(); bad != nil && wire.Stopped(ctx) == nil {
		return fmt.Errorf("put %s: %w", key, bad)
	}
	if bloberror.HasCode(err, bloberror.BlobAlreadyExists, bloberror.ConditionNotMet) || cutOff(err) {
		// Another station was faster, or the server hung up on a body it does not need.
		if is, no := c.has(ctx, key, size); is || fault.KindOf(no) == fault.Exists {
			return no
		}
	}
	if bloberror.HasCode(err, bloberror.BlobAlreadyExists, bloberror.ConditionNotMet) {
		return c.contested(wire.NoKey(key, 0, "there and not there"))
	}
	if err != nil {
		return c.fault(ctx, key, err)
	}
	return nil
}

// cutOff reports whether a connection came about and then broke.
func cutOff(err error) bool {
	if _, answered := errors.AsType[*azcore.ResponseError](err); answered || err == nil {
		return false
	}
	op, _ := errors.AsType[*net.OpError](err)
	return op == nil || op.Op != "dial"
}

// has reports whether the blob is there, and refuses to take another one for it.
func (c *Container) has(ctx context.Context, key string, size int64) (bool, error) {
	info, err := c.Stat(ctx, key)
	switch {
	case err == nil && info.Size != size:
		return false, fault.New(fault.Exists, "Another file of that name is in "+c.Name()+" already.",
			"Check that container: the file there may be damaged.", fmt.Errorf("%s: %d bytes, not %d", key, info.Size, size))
	case fault.KindOf(err) == fault.NotFound:
		return false, nil
	}
	return err == nil, err
}

// isNew is the condition that there is no such blob yet.
func isNew() *blob.AccessConditions {
	none := azcore.ETagAny
	return &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: &none}}
}

// headers are what DVC's client sets, too: the blob's MD5, which lists then tell.
func headers(key string) *blob.HTTPHeaders {
	kind := "application/octet-stream"
	return &blob.HTTPHeaders{BlobContentType: &kind, BlobContentMD5: wire.MD5(key)}
}

func (c *Container) whole(ctx context.Context, client *blockblob.Client, key string, src *wire.Source, size int64) error {
	part := src.Part(size)
	defer part.Close() //nolint:errcheck // nothing to lose
	opts := &blockblob.UploadOptions{HTTPHeaders: headers(key), AccessConditions: isNew()}
	if sum := wire.MD5(key); sum != nil {
		opts.TransactionalValidation = blob.TransferValidationTypeMD5(sum)
	}
	_, err := client.Upload(ctx, part, opts)
	return err
}

// blocks sends a big blob block by block. Nothing shows until the list of all is there.
// A block's name is the MD5 of its bytes and its number: if the connection or the power
// goes, the next call goes on with the blocks that came, and two stations may send the same
// ones. Azure has no way to take blocks back: without the list of all it forgets them after
// a week, or when the blob is stored after all.
func (c *Container) blocks(ctx context.Context, client *blockblob.Client, key string, src *wire.Source, size int64) error {
	src.Hash()
	have := arrived(ctx, client)
	var ids []string
	each := max(blockSize, (size+maxBlocks-1)/maxBlocks)
	for left := size; left > 0; left -= each {
		n := min(each, left)
		sum, err := src.Peek(n)
		if err != nil {
			return err
		}
		id := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(slices.Clip(sum), uint32(len(ids)))) //nolint:gosec // at most 50,000
		if ids = append(ids, id); have[id] == n {
			_, err = src.Skip(n)
		} else {
			part := src.Part(n)
			_, err = client.StageBlock(ctx, id, part, &blockblob.StageBlockOptions{TransactionalValidation: blob.TransferValidationTypeMD5(sum)})
			_ = part.Close() // never fails
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
	if sum := wire.MD5(key); sum != nil && !bytes.Equal(sum, src.MD5()) {
		return c.wrongBytes(errors.New(key))
	}
	_, err := client.CommitBlockList(ctx, ids, &blockblob.CommitBlockListOptions{HTTPHeaders: headers(key), AccessConditions: isNew()})
	return err
}

// arrived returns the sizes of the blocks that came of a blob that is not stored yet, by
// their names. Whoever may not ask is told of none.
func arrived(ctx context.Context, client *blockblob.Client) map[string]int64 {
	have := map[string]int64{}
	list, err := client.GetBlockList(ctx, blockblob.BlockListTypeUncommitted, nil)
	if err == nil {
		for _, b := range list.UncommittedBlocks {
			have[value(b.Name)] = value(b.Size)
		}
	}
	return have
}
