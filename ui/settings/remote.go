package settings

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
)

// RemotePlace is where every version is copied to: a folder, s3://bucket/folder or
// azure://container/folder. Its password is kept as a server's token is.
type RemotePlace struct {
	Address          string
	Endpoint, Region string // of S3; empty: Amazon's own
	Account          string // of Azure; empty where a connection string names it
	User, Password   string // the access key and its secret; Azure has the latter alone
	HasPassword      bool
}

// remoteForm is the address of a remote, and what its kind asks for beside it.
type remoteForm struct {
	address             *kit.Field
	endpoint, region    *kit.Field
	access, secret      *kit.Field
	account, key        *kit.Field
	has                 bool
	bucket, vessel, box *fyne.Container
}

func newRemoteForm(s *Screen) *remoteForm {
	f := &remoteForm{
		address: s.entry("/mnt/nas/dvc, s3://bucket/folder or azure://container/folder"), endpoint: s.entry("https://minio.lab:9000, or empty for Amazon"),
		region: s.entry("us-east-1"), access: s.entry("Access key"), secret: kit.NewSecret(),
		account: s.entry("labstorage, or empty with a connection string"), key: kit.NewSecret(),
	}
	for _, e := range []*kit.Field{f.secret, f.key} {
		e.OnChanged = func(string) { s.changed() }
	}
	pick := widget.NewButtonWithIcon("", fynetheme.FolderOpenIcon(), func() { pick(s.act.PickFolder, f.address.Text, f.address.SetText) })
	test := widget.NewButton("Test", func() { ask(s.act.TestRemote, f.value()) })
	f.bucket = container.NewStack(form("Endpoint", f.endpoint, "Region", f.region, "Login", container.NewGridWithColumns(2, f.access, f.secret)))
	f.vessel = container.NewStack(form("Account", f.account, "Login", f.key))
	f.box = container.NewVBox(
		form("Address", container.NewBorder(nil, nil, nil, container.NewHBox(pick, kit.Tall(test)), f.address)), f.bucket, f.vessel, s.note(Remote))
	changed := f.address.OnChanged
	f.address.OnChanged = func(text string) {
		f.ask()
		changed(text)
	}
	f.ask()
	return f
}

// ask shows the fields of the address's kind.
func (f *remoteForm) ask() {
	for scheme, box := range map[string]*fyne.Container{"s3://": f.bucket, "azure://": f.vessel} {
		if strings.HasPrefix(strings.TrimSpace(f.address.Text), scheme) {
			box.Show()
		} else {
			box.Hide()
		}
	}
}

func (f *remoteForm) set(v RemotePlace) {
	f.address.SetText(v.Address)
	f.endpoint.SetText(v.Endpoint)
	f.region.SetText(v.Region)
	f.account.SetText(v.Account)
	f.access.SetText(v.User)
	f.secret.SetText(v.Password)
	f.key.SetText(v.Password)
	f.has = v.HasPassword
	f.access.SetPlaceHolder(hold("Access key", v.HasPassword))
	f.secret.SetPlaceHolder(hold("Secret key", v.HasPassword))
	f.key.SetPlaceHolder(hold("Account key, shared access signature or connection string", v.HasPassword))
	f.ask()
}

func (f *remoteForm) value() RemotePlace {
	v := RemotePlace{Address: strings.TrimSpace(f.address.Text), HasPassword: f.has}
	switch {
	case strings.HasPrefix(v.Address, "s3://"):
		v.Endpoint, v.Region = strings.TrimSpace(f.endpoint.Text), strings.TrimSpace(f.region.Text)
		v.User, v.Password = strings.TrimSpace(f.access.Text), strings.TrimSpace(f.secret.Text)
	case strings.HasPrefix(v.Address, "azure://"):
		v.Account, v.Password = strings.TrimSpace(f.account.Text), strings.TrimSpace(f.key.Text)
	}
	return v
}

// hold is what stands in an empty field for a secret.
func hold(what string, kept bool) string {
	if kept {
		return what + " is kept; write here to change it"
	}
	return what
}
