package s3

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"

	"github.com/minio/minio-go/v7"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote/wire"
)

// code is the word by which the server names its error, empty if it did not answer.
func code(err error) string {
	r, _ := errors.AsType[minio.ErrorResponse](err)
	return r.Code
}

// fault says what an error means.
func (b *Bucket) fault(ctx context.Context, key string, err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	if err := wire.Stopped(ctx); err != nil {
		return err
	}
	r, ok := errors.AsType[minio.ErrorResponse](err)
	_, isSyntax := errors.AsType[*xml.SyntaxError](err)
	_, isOther := errors.AsType[xml.UnmarshalError](err)
	switch {
	case isSyntax || isOther:
		return fault.New(fault.Invalid, b.host+" does not answer as an S3 server does.", "Check that the address is that of an S3 server.", err)
	case !ok:
		return wire.Broken(ctx, "The S3 server "+b.host, err)
	}
	cause := fmt.Errorf("%s: %d %s, request %s", key, r.StatusCode, r.Code, r.RequestID) // its message may quote keys
	if f := b.named(r.Code, cause); f != nil {
		return f
	}
	switch {
	case r.Code == minio.NoSuchKey:
		return fault.New(fault.NotFound, "A file is not in "+b.Name()+".", "Push it from the station that made it.", cause)
	case r.StatusCode == http.StatusForbidden || r.StatusCode == http.StatusUnauthorized:
		return fault.New(fault.Denied, "One may not do that in "+b.Name()+" with these keys.", "Ask who keeps the bucket for the permission.", cause)
	case r.StatusCode == http.StatusTooManyRequests || r.StatusCode >= http.StatusInternalServerError && r.StatusCode != http.StatusNotImplemented:
		return fault.New(fault.Busy, "The S3 server "+b.host+" is overloaded or in trouble.", "The work goes on by itself.", cause)
	}
	return fault.New(fault.Invalid, "The S3 server "+b.host+" did not understand.", "Check that the address is that of an S3 server.", cause)
}

// named is the fault for a word of the protocol that says more than the status.
func (b *Bucket) named(code string, cause error) error {
	in := func(k fault.Kind, say, hint string) error { return fault.New(k, say, hint, cause) }
	switch code {
	case minio.NoSuchBucket, minio.InvalidBucketName:
		return in(fault.Invalid, "There is no bucket "+b.bucket+" on "+b.host+".", "Check the address of the remote, or make the bucket.")
	case minio.InvalidAccessKeyID, "XAdminUserNotFound": // the second is VersityGW's
		return in(fault.Denied, "The server "+b.host+" does not know the access key for "+b.Name()+".", "Enter the keys again.")
	case minio.SignatureDoesNotMatch:
		return in(fault.Denied, "The secret key for "+b.Name()+" is wrong.", "Enter the keys again.")
	case "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
		return in(fault.Denied, "The login for "+b.Name()+" has expired.", "Get new keys and enter them.")
	case minio.RequestTimeTooSkewed:
		return in(fault.Denied, "The clock of this computer and that of "+b.host+" differ too much.", "Set this computer's clock.")
	case "PermanentRedirect", "TemporaryRedirect", minio.InvalidRegion, minio.AuthorizationHeaderMalformed, "301 Moved Permanently":
		return in(fault.Invalid, "The bucket "+b.bucket+" is in another region.", "Correct the remote's option region.")
	case minio.BadDigest, minio.XAmzContentSHA256Mismatch, "XAmzContentChecksumMismatch":
		return in(fault.Corrupt, "The bytes of a file are not those of its name; "+b.Name()+" did not take it.",
			"Verify the dataset: this computer's copy may be damaged.")
	case "SlowDown", "RequestTimeout", minio.NoSuchUpload, "OperationAborted", "ConditionalRequestConflict", minio.IncompleteBody:
		return in(fault.Busy, "The S3 server "+b.host+" is overloaded or in trouble.", "The work goes on by itself.")
	case "QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientCapacity", "507 Insufficient Storage":
		return in(fault.Full, "There is no room left in "+b.Name()+".", "Ask who keeps the bucket for more room.")
	}
	return nil
}
