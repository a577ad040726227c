package azure

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote/wire"
)

// fault says what an error means. The library's own words are left out: they may quote an
// address with its signature.
func (c *Container) fault(ctx context.Context, key string, err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	if err := wire.Stopped(ctx); err != nil {
		return err
	}
	r, ok := errors.AsType[*azcore.ResponseError](err)
	if !ok {
		return wire.Broken(ctx, "The Azure server "+c.host, err)
	}
	cause := wire.NoKey(key, r.StatusCode, r.ErrorCode)
	if f := c.named(bloberror.Code(r.ErrorCode), cause); f != nil {
		return f
	}
	switch {
	case r.ErrorCode == string(bloberror.BlobNotFound):
		return c.missing(cause)
	case r.StatusCode == http.StatusForbidden || r.StatusCode == http.StatusUnauthorized:
		return fault.New(fault.Denied, "One may not do that in "+c.Name()+" with this login.", "Ask who keeps the container for the permission.", cause)
	case r.StatusCode == http.StatusInsufficientStorage || r.StatusCode == http.StatusRequestEntityTooLarge:
		return fault.New(fault.Full, "There is no room for a file in "+c.Name()+".", "Ask who keeps the container for more room.", cause)
	case r.StatusCode == http.StatusRequestTimeout || r.StatusCode == http.StatusTooManyRequests ||
		r.StatusCode >= http.StatusInternalServerError && r.StatusCode != http.StatusNotImplemented:
		return fault.New(fault.Busy, "The Azure server "+c.host+" is overloaded or in trouble.", "The work goes on by itself.", cause)
	}
	return fault.New(fault.Invalid, "The Azure server "+c.host+" did not understand.", "Check that the address is that of a storage account.", cause)
}

// named is the fault for a word of the protocol that says more than the status.
func (c *Container) named(code bloberror.Code, cause error) error {
	among := func(codes ...bloberror.Code) bool { return slices.Contains(codes, code) }
	switch {
	case among(bloberror.ContainerNotFound, bloberror.ContainerBeingDeleted, bloberror.ContainerDisabled, bloberror.InvalidResourceName):
		return fault.New(fault.Invalid, "There is no container "+c.name+" on "+c.host+".", "Check the address of the remote, or make the container.", cause)
	case among(bloberror.AuthenticationFailed, bloberror.InvalidAuthenticationInfo, bloberror.NoAuthenticationInformation,
		bloberror.AuthorizationFailure, bloberror.AuthorizationPermissionMismatch):
		return c.denied(code, cause)
	case among(bloberror.AccountIsDisabled, bloberror.InsufficientAccountPermissions):
		return fault.New(fault.Denied, "The storage account on "+c.host+" is closed.", "Ask who keeps it.", cause)
	case among(bloberror.MD5Mismatch):
		return c.wrongBytes(cause)
	case among(bloberror.InvalidBlockList, bloberror.InvalidBlobOrBlock): // another station stored the blob meanwhile
		return c.contested(cause)
	case among(bloberror.BlobArchived, bloberror.BlobBeingRehydrated):
		return fault.New(fault.Denied, "A file in "+c.Name()+" is archived and can't be read.", "Bring it back from the archive tier first.", cause)
	}
	return nil
}

// denied tells an expired signature from a wrong login and from a lack of permission.
func (c *Container) denied(code bloberror.Code, cause error) error {
	switch {
	case !c.expiry.IsZero() && time.Now().After(c.expiry):
		return fault.New(fault.Denied, "The access to "+c.Name()+" has expired on "+c.expiry.Format(time.DateOnly)+".",
			"Get a new shared access signature and enter it.", cause)
	case code == bloberror.AuthorizationFailure: // the emulator's word for a wrong key, too
		return fault.New(fault.Denied, "The login for "+c.Name()+" is wrong, or not allowed from here.",
			"Enter the key or the signature again, or ask who keeps the storage account.", cause)
	case code == bloberror.AuthorizationPermissionMismatch:
		return fault.New(fault.Denied, "One may not do that in "+c.Name()+" with this login.", "Ask who keeps the container for the permission.", cause)
	}
	return fault.New(fault.Denied, "The login for "+c.Name()+" is wrong.", "Enter the key or the signature again, and check this computer's clock.", cause)
}

func (c *Container) wrongBytes(cause error) error {
	return fault.New(fault.Corrupt, "The bytes of a file are not those of its name; "+c.Name()+" did not take it.",
		"Verify the dataset: this computer's copy may be damaged.", cause)
}

func (c *Container) missing(cause error) error {
	return fault.New(fault.NotFound, "A file is not in "+c.Name()+".", "Push it from the station that made it.", cause)
}

func (c *Container) contested(cause error) error {
	return fault.New(fault.Busy, "Another station is just storing the same file in "+c.Name()+".", "The work goes on by itself.", cause)
}
