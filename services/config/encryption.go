package config

import (
	"slices"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/agekey"
)

// encryption is how dumps are encrypted, with what opens them again.
type encryption struct {
	models.Encryption
	passphrase models.Secret
	identity   models.Secret
}

// of makes the encryption that of a job.
func (e encryption) of(j *models.PlannedJob) {
	j.Job.Encryption, j.Passphrase, j.Identity = e.Encryption, e.passphrase, e.identity
}

// encryptionOf reads the encryption of one job. A job that has one of its own takes
// nothing from that of all jobs: encryption: {} switches it off.
func (l *loader) encryptionOf(job *table, all encryption) encryption {
	if _, own := job.get("encryption"); !own {
		return all
	}
	return l.encryption(job.sub("encryption"))
}

func (l *loader) encryption(t *table) encryption {
	e, before := encryption{}, len(l.problems)
	e.Recipients = t.recipients()
	if phrase := t.secret("passphrase"); phrase.set {
		t.passphrase(phrase, len(e.Recipients) > 0)
		e.Passphrase, e.passphrase = true, models.NewSecret(phrase.text)
	}
	e.identity = t.identity(e.Encryption)
	t.end()
	if !e.On() && len(t.entries) > 0 && len(l.problems) == before {
		l.problem(t.line, "%s names neither recipients nor a passphrase, so that nothing would be encrypted: name one of them (a variable of the environment may be empty), or write encryption: {} where that is meant", t.name())
	}
	return e
}

// recipients reads public keys, and shows none of what is not one.
func (t *table) recipients() []string {
	var keys []string
	quantum := map[bool]int{}
	for _, s := range t.texts("recipients") {
		if !s.set {
			continue
		}
		r, err := agekey.ParseRecipient(s.text)
		switch {
		case err != nil:
			t.l.problem(s.line, "an element of %s %v", t.path("recipients"), err)
		case slices.Contains(keys, r.Text):
			t.l.problem(s.line, "%s has a key twice: write each once", t.path("recipients"))
		default:
			keys = append(keys, r.Text)
			quantum[r.Quantum] = s.line
		}
	}
	if len(quantum) > 1 {
		t.l.problem(max(quantum[true], quantum[false]), "%s has post-quantum keys, age1pq1…, and others: age can't encrypt one file to both, so keep the one kind or the other", t.path("recipients"))
	}
	return keys
}

// passphrase looks at a passphrase. A reference to a stored secret is looked at by
// whoever resolves it.
func (t *table) passphrase(s scalar, beside bool) {
	path := t.path("passphrase")
	switch {
	case beside:
		t.l.problem(s.line, "%s stands beside recipients, and age encrypts with the one or the other: keep one of the two", path)
	case s.ref != "":
	default:
		if err := agekey.CheckPassphrase(models.NewSecret(s.text)); err != nil {
			t.l.problem(s.line, "%s %v", path, err)
		}
	}
}

// FormerPassphrases is the key of a job with the stored secrets that were its passphrases.
const FormerPassphrases = "former_passphrases"

// former reads the passphrases that opened earlier backups of a job. They are references
// to stored secrets: nothing else keeps what was replaced.
func (t *table) former() []models.Secret {
	var all []models.Secret
	for _, node := range t.items(FormerPassphrases) {
		s := t.l.scalar("an element of "+t.path(FormerPassphrases), resolve(node), node.Line)
		switch {
		case s.bad:
		case s.ref == "":
			t.l.problem(s.line, "an element of %s is no reference to a stored secret: store it with backupman secret set, and write ${secret:NAME}", t.path(FormerPassphrases))
		default:
			all = append(all, models.NewSecret(s.text))
		}
	}
	return all
}

// identity reads the private keys with which this server opens what it encrypts: from a
// file, or from identity itself, which may refer to a stored secret.
func (t *table) identity(e models.Encryption) models.Secret {
	read, key, what := t.secret("identity"), "identity", "what is there"
	if !read.set {
		return models.Secret{}
	}
	if file := t.file("identity_file"); file != "" {
		key, what = "identity_file", "what is in the file "+quote(file)
	}
	path, identity := t.path(key), models.NewSecret(read.text)
	err := agekey.CheckIdentity(identity)
	switch {
	case err != nil && read.ref == "":
		t.l.problem(read.line, "%s: %s %v", path, what, err)
	case e.Passphrase:
		t.l.problem(read.line, "%s is of no use beside a passphrase, which opens the backups itself: remove it", path)
	case len(e.Recipients) == 0:
		t.l.problem(read.line, "%s stands without recipients: name the public keys that the backups are encrypted to", path)
	case read.ref == "" && !agekey.Opens(identity, e.Recipients):
		t.l.problem(read.line, "%s: %s has the private key of none of the recipients: name another, or add its public key, which age-keygen -y prints", path, what)
	}
	return identity
}

// file returns the name in a key that names a file; empty on pages, which name none.
func (t *table) file(key string) string {
	if t.l.page {
		return ""
	}
	return t.text(key).text
}
