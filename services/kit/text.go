package kit

import (
	_ "embed" // the kit's own words
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/archive"
)

//go:embed kit.txt
var words string

var page = template.Must(template.New("kit").Funcs(template.FuncMap{"indent": indent}).Parse(words))

// facts are what a kit is written from. None of them is a secret.
type facts struct {
	job models.Job
	// source and drives have the settings that the metadata database keeps, without
	// secrets. A source that is gone has none.
	source models.Source
	drives []models.Drive
	made   time.Time
}

// sheet is what the words of a kit are filled with.
type sheet struct {
	Quoted, Made string
	Passphrase   bool
	Recipients   []string
	SSH, Quantum bool
	SourceWords  string
	Drives       []place
	Folder       string
	Example      string
	ExampleWord  string
	PackedWords  string
	Packages     string
	NewWord, New string
	engine
}

// write returns the text of a kit.
func write(f facts) (string, error) {
	e := f.job.Encryption
	s := sheet{Quoted: fmt.Sprintf("%q", f.job.Label), Made: f.made.UTC().Format("2006-01-02"), Passphrase: e.Passphrase, Recipients: e.Recipients,
		SourceWords: sourceWords(f.source), Folder: archive.Folder(f.job.Label), PackedWords: packedWords[f.job.Compression],
		engine: engineOf(f.source, unpackWith[f.job.Compression])}
	for _, r := range e.Recipients {
		s.SSH, s.Quantum = s.SSH || strings.HasPrefix(r, "ssh-"), s.Quantum || strings.HasPrefix(r, "age1pq1")
	}
	s.Example = s.Folder + "-YYYYMMDDHHMMSS-ID." + s.extension + endings[f.job.Compression] + ".age"
	s.ExampleWord = word(s.Example)
	programs := []string{"age", "zstd", "jq", "ca-certificates"}
	for _, d := range f.drives {
		p := placeOf(d, s.Folder)
		s.Drives = append(s.Drives, p)
		programs = append(programs, p.packages...)
	}
	s.Packages = strings.Join(once(append(programs, s.packages...)), " ")
	s.New, s.NewWord = s.newName, s.newWord
	var out strings.Builder
	if err := page.Execute(&out, s); err != nil {
		return "", fmt.Errorf("write the recovery kit of job %q: %w", f.job.Label, err)
	}
	return out.String(), nil
}

var (
	packedWords = map[models.Compression]string{models.CompressionZstd: "zstd", models.CompressionGzip: "gzip", models.CompressionNone: "the plain dump"}
	unpackWith  = map[models.Compression]string{models.CompressionZstd: "zstd -dc", models.CompressionGzip: "gzip -dc", models.CompressionNone: "cat"}
	endings     = map[models.Compression]string{models.CompressionZstd: ".zst", models.CompressionGzip: ".gz"}
)

// once leaves out what stands twice.
func once(all []string) []string {
	var found []string
	seen := map[string]bool{}
	for _, s := range all {
		if !seen[s] {
			seen[s], found = true, append(found, s)
		}
	}
	return found
}

// indent makes a block of commands.
func indent(commands string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(commands), "\n", "\n    ")
}

// plainLetters mean nothing to a shell.
const plainLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/"

// word makes one word for a shell of any text.
func word(text string) string {
	if text != "" && strings.Trim(text, plainLetters) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
