// Package secrets seals what must not be read from a copy of the metadata database: it
// keeps the keys that seal, and the secrets that people store under names.
//
// A sealed text is bm1.KEYID.BASE64: XChaCha20-Poly1305 over a random nonce of 24 bytes,
// the nonce first. The row and the field that it belongs to are additional data, so that
// a sealed text which was moved elsewhere does not open. The keys come from a file, the
// environment or a command, never from the database that holds what they seal.
package secrets
