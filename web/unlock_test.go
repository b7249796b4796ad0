package web

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

const (
	typedKey    = "AGE-SECRET-KEY-1TYPED"
	typedPhrase = "correct horse battery"
)

// encrypted makes the finished backup one that is encrypted to a key.
func (s *site) encrypted() {
	m := s.store.manifests[finishedID]
	m.File.Encryption, m.File.Recipients = models.EncryptionAge, []string{"age1one", "age1two"}
	s.store.manifests[finishedID] = m
	for i, b := range s.store.backups {
		if b.ID == finishedID {
			path := "/mnt/nas/shop.sql.zst.age"
			s.store.backups[i].Encryption, s.store.backups[i].DumpPath = models.EncryptionAge, &path
		}
	}
	s.restores.plan.File = m.File
}

func TestAKeyIsAskedForAndNeverShown(t *testing.T) {
	s := newSite(t)
	s.encrypted()
	s.restores.plan.Locked = "the backup is encrypted to age1one: give its private key"
	d := parse(t, s.get(t, restorePath+planQuery))
	if got := words(d.one(t, "div", "id", "unlock")); !strings.Contains(got, "The backup is encrypted to age1one") {
		t.Errorf("the plan says %s", got)
	}
	if len(d.all("textarea", "name", "identity")) != 1 || len(d.all("input", "name", "passphrase")) != 0 {
		t.Error("the plan does not ask for a private key alone")
	}
	form := url.Values{"confirm": {"shop_restored"}, "identity": {typedKey + "\n"}, "passphrase": {typedPhrase}}
	if w := s.post(t, restorePath+planQuery, form); w.Code != http.StatusSeeOther || strings.Contains(w.Header().Get("Location"), "TYPED") {
		t.Fatalf("status %d to %s", w.Code, w.Header().Get("Location"))
	}
	if u := s.restores.started[0].Unlock; u.Identity.Reveal() != typedKey || u.Passphrase.Reveal() != typedPhrase {
		t.Error("the key does not come with the restore")
	}
	s.restores.startErr = models.Conflictf("what was given does not open it")
	w := s.post(t, restorePath+planQuery, form)
	if w.Code != http.StatusConflict || strings.Contains(w.Body.String(), "TYPED") || strings.Contains(w.Body.String(), "horse") {
		t.Errorf("status %d, or the key is shown again", w.Code)
	}
}

func TestADrillTakesAKey(t *testing.T) {
	s := newSite(t)
	s.encrypted()
	d := parse(t, s.get(t, "/backups/"+finishedID))
	got := words(d.root)
	for _, want := range []string{"Encrypted with age", "age1two", "Drill with a key", "KEY_FILE is the file with the private key"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	w := s.post(t, "/backups/"+finishedID+"/drill", url.Values{"identity": {typedKey}})
	if w.Code != http.StatusSeeOther || s.restores.drilled[0].Unlock.Identity.Reveal() != typedKey {
		t.Errorf("status %d, or the key does not come with the drill", w.Code)
	}
}

func TestTheAPITakesAKeyAndNeverTellsIt(t *testing.T) {
	s := newSite(t)
	s.encrypted()
	body := `{"Target": {"Kind": "new", "Name": "x"}, "Confirm": "x", "Identity": "` + typedKey + `", "Passphrase": "` + typedPhrase + `"}`
	for path, status := range map[string]int{"/restore": http.StatusAccepted, "/restore?plan=true": http.StatusOK} {
		w := s.ask(t, http.MethodPost, "/api/backups/"+finishedID+path, body, "Content-Type", "application/json")
		if w.Code != status || strings.Contains(w.Body.String(), "TYPED") || strings.Contains(w.Body.String(), "horse") {
			t.Errorf("%s: status %d: %s", path, w.Code, w.Body)
		}
	}
	w := s.ask(t, http.MethodPost, "/api/backups/"+finishedID+"/drill", `{"Passphrase": "`+typedPhrase+`"}`, "Content-Type", "application/json")
	if w.Code != http.StatusAccepted || strings.Contains(w.Body.String(), "horse") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	if u := s.restores.started[0].Unlock; u.Identity.Reveal() != typedKey || u.Passphrase.Reveal() != typedPhrase || s.restores.drilled[0].Unlock.Passphrase.Reveal() != typedPhrase {
		t.Error("the keys do not come with the requests")
	}
}

func TestAKeyComesBeforeAnUploadedFile(t *testing.T) {
	s := newSite(t)
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for name, value := range map[string]string{"identity": typedKey, "passphrase": typedPhrase} {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", "dump.age")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write([]byte("content")); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	answer := s.ask(t, http.MethodPost, "/restores/upload", form.String(), "Content-Type", w.FormDataContentType())
	if u := s.restores.unlock; answer.Code != http.StatusSeeOther || u.Identity.Reveal() != typedKey || u.Passphrase.Reveal() != typedPhrase || s.restores.received != "content" {
		t.Errorf("status %d, or the keys do not come with the file", answer.Code)
	}
}

func TestWhatASealedBackupHoldsIsNotKnown(t *testing.T) {
	s := newSite(t)
	s.encrypted()
	m := s.store.manifests[finishedID]
	m.Sealed, m.Inventory = "sealed", m.Inventory.Public()
	s.store.manifests[finishedID] = m
	if got := words(parse(t, s.get(t, "/backups/"+finishedID)).root); !strings.Contains(got, "Not known without the key") {
		t.Errorf("the page says %s", got)
	}
}
