package native

import (
	"switchyard"
	"switchyard/internal/config"
)

// masked returns e as it may be shown: hashes and sealed credentials give way to switchyard.Masked
// (RULINGS 40). The event itself is left as it is.
func masked(e switchyard.Event) switchyard.Event {
	switch e := e.(type) {
	case *switchyard.ConfigPublished:
		v := *e
		v.Document = *config.Mask(&e.Document)
		return &v
	case *switchyard.DraftSaved:
		v := *e
		v.Document = *config.Mask(&e.Document)
		return &v
	case *switchyard.ProviderRegistered:
		v := *e
		v.Headers, v.Secret = hide(e.Headers), hide(e.Secret)
		return &v
	case *switchyard.SecretRotated:
		v := *e
		v.Secret = hide(e.Secret)
		return &v
	case *switchyard.CredentialsResealed:
		v := *e
		v.Texts = make([]switchyard.Resealed, len(e.Texts))
		for n, t := range e.Texts {
			v.Texts[n] = switchyard.Resealed{Old: hide(t.Old), New: hide(t.New)}
		}
		return &v
	case *switchyard.TokenIssued:
		v := *e
		v.Hash = hide(e.Hash)
		return &v
	case *switchyard.SessionOpened:
		v := *e
		v.Hash = hide(e.Hash)
		return &v
	case *switchyard.SessionClosed:
		v := *e
		v.Hash = hide(e.Hash)
		return &v
	case *switchyard.AnswerKept: // may be of any kind, a rotated secret too
		v := *e
		v.Answer = hide(e.Answer)
		return &v
	case *switchyard.PasswordChanged:
		v := *e
		v.Password, v.Keep = hide(e.Password), hide(e.Keep)
		return &v
	}
	return e
}

func hide[S ~string](s S) S {
	if s == "" {
		return s
	}
	return switchyard.Masked
}
