package mlflow

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"coverslip.dev/coverslip/core/secret"
)

// login is who calls. The password is only in its functions, since fmt prints secret.Text
// in the clear where it is in a field that is not exported.
type login struct {
	user string
	sign func(*http.Request)
	hide func(string) string // takes the login out of what a server said
}

func newLogin(user string, password, token secret.Text) login {
	var words []string
	if p := password.Reveal(); p != "" {
		words = append(words, base64.StdEncoding.EncodeToString([]byte(user+":"+p)), "****", p, "****")
	}
	if t := token.Reveal(); t != "" {
		words = append(words, t, "****")
	}
	return login{
		user: user,
		hide: strings.NewReplacer(words...).Replace,
		sign: func(r *http.Request) {
			switch {
			case token != "":
				r.Header.Set("Authorization", "Bearer "+token.Reveal())
			case user != "":
				r.SetBasicAuth(user, password.Reveal())
			}
		},
	}
}

// caller names who calls, for people.
func (l login) caller() string {
	if l.user == "" {
		return "this program"
	}
	return l.user
}

// hidden is err without the login.
func (l login) hidden(err error) error {
	if s := err.Error(); l.hide(s) != s {
		return errors.New(l.hide(s))
	}
	return err
}
