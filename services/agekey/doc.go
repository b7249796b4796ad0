// Package agekey reads the keys of age, https://age-encryption.org: the public ones that
// dumps are encrypted to, the private ones that open them, and passphrases.
//
// Sentences and errors never show what was read: a private key may stand where a public
// one should.
package agekey
