package agekey_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"io"
	"strings"
	"testing"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/agekey"
)

// pair is a public key and the identity file with its private one.
type pair struct{ public, identity string }

func pairs(t *testing.T) map[string]pair {
	t.Helper()
	classic, err := age.GenerateX25519Identity()
	must(t, err)
	quantum, err := age.GenerateHybridIdentity()
	must(t, err)
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	return map[string]pair{
		"age": {classic.Recipient().String(), "# created: 2026-01-01\n# public key: " + classic.Recipient().String() + "\n" + classic.String() + "\n"},
		"pq":  {quantum.Recipient().String(), quantum.String()},
		"ed":  sshPair(t, edwards, nil),
		"rsa": sshPair(t, rsaKey, nil),
	}
}

func sshPair(t *testing.T, private any, passphrase []byte) pair {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(private)
	must(t, err)
	block, err := ssh.MarshalPrivateKey(private, "me@home")
	if passphrase != nil {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "me@home", passphrase)
	}
	must(t, err)
	public := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
	return pair{public + " me@home", string(pem.EncodeToMemory(block))}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPublicAndPrivateKeysFit(t *testing.T) {
	all := pairs(t)
	for name, p := range all {
		r, err := agekey.ParseRecipient(" " + p.public + "\n")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if strings.Contains(r.Text, "me@home") || !strings.HasPrefix(p.public, r.Text) || r.Quantum != (name == "pq") {
			t.Errorf("%s is %+v", name, r)
		}
		to, err := agekey.Recipients(models.Encryption{Recipients: []string{r.Text}}, models.Secret{})
		must(t, err)
		var file bytes.Buffer
		w, err := age.Encrypt(&file, to...)
		must(t, err)
		_, err = io.WriteString(w, "hello")
		must(t, errors.Join(err, w.Close()))
		with, err := agekey.Identities(models.Unlock{Identity: models.NewSecret(p.identity)})
		must(t, err)
		out, err := age.Decrypt(&file, with...)
		must(t, err)
		if text, err := io.ReadAll(out); err != nil || string(text) != "hello" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
		for other, o := range all {
			if got := agekey.Opens(models.NewSecret(o.identity), []string{r.Text}); got != (name == other) {
				t.Errorf("the identity of %s opens what is encrypted to %s: %v", other, name, got)
			}
		}
	}
}

func TestPassphrases(t *testing.T) {
	secret := models.NewSecret("correct horse battery")
	to, err := agekey.Recipients(models.Encryption{Passphrase: true}, secret)
	must(t, err)
	var file bytes.Buffer
	w, err := age.Encrypt(&file, to...)
	must(t, err)
	must(t, w.Close())
	for name, u := range map[string]models.Unlock{
		"the passphrase": {Passphrase: secret},
		"a former one":   {Passphrase: models.NewSecret("the one of today"), Former: []models.Secret{models.NewSecret("the one before"), secret}},
	} {
		with, err := agekey.Identities(u)
		must(t, err)
		if _, err := age.Decrypt(bytes.NewReader(file.Bytes()), with...); err != nil {
			t.Errorf("with %s: %v", name, err)
		}
	}
	if _, err := agekey.Recipients(models.Encryption{Passphrase: true}, models.Secret{}); !errors.Is(err, models.ErrConflict) {
		t.Errorf("without the passphrase: %v", err)
	}
	for _, bad := range []string{"too short", "correct horse battery\r", "correct horse\nbattery", "\ufeffcorrect horse battery", "correct\x00horse\x00battery", "correct horse battery \xff"} {
		if _, err := agekey.Recipients(models.Encryption{Passphrase: true}, models.NewSecret(bad)); !errors.Is(err, models.ErrConflict) || strings.Contains(err.Error(), bad) {
			t.Errorf("with the passphrase %q: %v", bad, err)
		}
	}
}

func TestWhatIsNoPublicKey(t *testing.T) {
	all := pairs(t)
	private := strings.Fields(all["age"].identity)
	for name, try := range map[string]struct{ text, says string }{
		"a private key":       {private[len(private)-1], "PRIVATE KEY"},
		"in small letters":    {strings.ToLower(private[len(private)-1]), "PRIVATE KEY"},
		"a post-quantum one":  {all["pq"].identity, "PRIVATE KEY"},
		"an SSH one":          {all["ed"].identity, "PRIVATE KEY"},
		"a damaged key":       {all["age"].public[:20] + "q" + all["age"].public[21:], "damaged"},
		"half a key":          {all["age"].public[:30], "damaged"},
		"a key of a plugin":   {"age1yubikey1q2w7u3vpya839jxxuq8g0sedh3d740d4xvn639sqhr95ejj8vu3hyfumptt", "plugin"},
		"a weak SSH key":      {"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQ==", "2048 bits"},
		"another kind of SSH": {"ssh-dss AAAAB3NzaC1kc3MAAACBAM", "ssh-ed25519"},
		"a name":              {"alice", "age1"},
		"nothing":             {"", "age1"},
	} {
		_, err := agekey.ParseRecipient(try.text)
		if err == nil || !strings.Contains(err.Error(), try.says) {
			t.Errorf("%s: %v", name, err)
		}
		if len(try.text) > 8 && err != nil && strings.Contains(err.Error(), try.text[len(try.text)-8:]) {
			t.Errorf("%s: the error shows what was read: %v", name, err)
		}
	}
}

func TestWhatIsNoIdentity(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	all := pairs(t)
	for name, try := range map[string]struct{ text, says string }{
		"a public key":        {all["age"].public, "public key"},
		"an SSH public key":   {all["ed"].public, "public key"},
		"a protected file":    {"-----BEGIN AGE ENCRYPTED FILE-----\nx", "passphrase of its own"},
		"a protected SSH key": {sshPair(t, private, []byte("secret words")).identity, "passphrase of its own"},
		"a damaged key":       {"AGE-SECRET-KEY-1QQQQQQ", "damaged"},
		"a damaged SSH key":   {"-----BEGIN OPENSSH PRIVATE KEY-----\nxx\n-----END OPENSSH PRIVATE KEY-----", "not an age identity"},
		"only comments":       {"# nothing\n", "not an age identity"},
		"a password":          {"correct horse battery", "not an age identity"},
		"too long":            {strings.Repeat("#\n", 1<<20), "longer"},
	} {
		err := agekey.CheckIdentity(models.NewSecret(try.text))
		if err == nil || !strings.Contains(err.Error(), try.says) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := agekey.Identities(models.Unlock{Identity: models.NewSecret(try.text)}); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKindsThatExcludeEachOther(t *testing.T) {
	all := pairs(t)
	_, err := agekey.Recipients(models.Encryption{Recipients: []string{all["age"].public, all["pq"].public}}, models.Secret{})
	if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), "post-quantum") {
		t.Error(err)
	}
	if _, err := agekey.Recipients(models.Encryption{Recipients: []string{all["age"].public, all["ed"].public, all["rsa"].public}}, models.Secret{}); err != nil {
		t.Error(err)
	}
	if _, err := agekey.Recipients(models.Encryption{}, models.Secret{}); !errors.Is(err, models.ErrInvalid) {
		t.Error(err)
	}
}

// TestIdentitiesFromOtherSystems: what editors and shells of Windows make of a file.
func TestIdentitiesFromOtherSystems(t *testing.T) {
	for name, p := range pairs(t) {
		for what, text := range map[string]string{
			"CRLF": strings.ReplaceAll(p.identity, "\n", "\r\n"), "a byte order mark": "\ufeff" + p.identity, "blanks around": "\n  " + strings.TrimSpace(p.identity) + "  \n\n",
		} {
			if what == "blanks around" && (name == "ed" || name == "rsa") {
				continue // PEM begins at the beginning of a line
			}
			if err := agekey.CheckIdentity(models.NewSecret(text)); err != nil {
				t.Errorf("%s with %s: %v", name, what, err)
			}
		}
	}
	wide := "\xff\xfe" + strings.Join(strings.Split("AGE-SECRET-KEY-1", ""), "\x00")
	if err := agekey.CheckIdentity(models.NewSecret(wide)); err == nil || !strings.Contains(err.Error(), "UTF-16") {
		t.Errorf("UTF-16: %v", err)
	}
}
