// Package seal keeps credentials: it encrypts those the server must be able to read again with the
// key file, and hashes those it only has to recognise. It never logs and never returns a credential
// inside an error.
//
// It may import the root package and cryptography only.
package seal
