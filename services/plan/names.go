package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
)

// plainLabel is a label that can be part of a secret's name as it is.
var plainLabel = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// strange are the characters that names of secrets can't have.
var strange = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// secretName is what a secret of an item is called among the stored ones, such as
// source/shop/password. A label that does not fit is told from others by a digest of it,
// which is a part of its own, so that no plain label looks like it.
func secretName(n name, field string) string {
	field = field[strings.LastIndexByte(field, '.')+1:]
	if plainLabel.MatchString(n.label) {
		return string(n.kind) + "/" + n.label + "/" + field
	}
	sum := sha256.Sum256([]byte(n.label))
	part := strings.Trim(strange.ReplaceAllString(n.label, "-"), "-")
	part = part[:min(len(part), 32)]
	return string(n.kind) + "/" + part + "/" + hex.EncodeToString(sum[:16]) + "/" + field
}

// freeName is the name of a new secret. One that somebody stored under it by hand is not
// touched.
func freeName(taken map[string]bool, n name, field string) string {
	wanted := secretName(n, field)
	free := wanted
	for i := 2; taken[free]; i++ {
		free = wanted + "-" + strconv.Itoa(i)
	}
	return free
}
