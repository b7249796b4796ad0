package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/backupman/backupman/e2e/program"
)

// The tests run where there may be no container engine. They hold what can be told of
// the two files without one.

// composeFile is what the tests look at of compose.yaml.
type composeFile struct {
	Services map[string]composeService
	Configs  map[string]struct{ Content string }
	Volumes  map[string]any
}

type composeService struct {
	Image       string
	Build       string
	Environment map[string]string
	Configs     []struct{ Source, Target string }
	Volumes     []string
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	Healthcheck map[string]any
	Ports       []string
}

func readCompose(t *testing.T) composeFile {
	t.Helper()
	var c composeFile
	if err := yaml.Unmarshal([]byte(rootFile(t, "compose.yaml")), &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Services) == 0 {
		t.Fatal("there are no services")
	}
	return c
}

func rootFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pinned is an image of a certain version.
var pinned = regexp.MustCompile(`^[a-z0-9./-]+:v?[0-9][A-Za-z0-9._-]*$`)

func TestComposeNamesOnlyWhatIsThere(t *testing.T) {
	c := readCompose(t)
	used := map[string]bool{}
	for name, s := range c.Services {
		if s.Build == "" && !pinned.MatchString(s.Image) {
			t.Errorf("%s: the image %q is of no certain version", name, s.Image)
		}
		if s.Build == "" && s.Healthcheck == nil { // the Dockerfile has that of what is built
			t.Errorf("%s has no health check", name)
		}
		for _, config := range s.Configs {
			used[config.Source] = true
			if c.Configs[config.Source].Content == "" || !filepath.IsAbs(config.Target) {
				t.Errorf("%s: there is no config %q for %q", name, config.Source, config.Target)
			}
		}
		for _, volume := range s.Volumes {
			source, target, _ := strings.Cut(volume, ":")
			if _, ok := c.Volumes[source]; !ok || !filepath.IsAbs(target) {
				t.Errorf("%s: there is no volume %q", name, volume)
			}
		}
		for other, how := range s.DependsOn {
			if _, ok := c.Services[other]; !ok || how.Condition != "service_healthy" {
				t.Errorf("%s does not wait for a healthy %q", name, other)
			}
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s opens %s to other machines", name, port)
			}
		}
	}
	for name := range c.Configs {
		if !used[name] {
			t.Errorf("nobody uses the config %q", name)
		}
	}
}

// fromEnvironment is a value that Compose takes from its environment, with its default.
var fromEnvironment = regexp.MustCompile(`^\$\{[A-Z0-9_]+:-(.+)\}$`)

// The configuration in the file passes the check with the environment in the file, in
// which every secret is an example that can be replaced.
func TestComposeHasAGoodConfiguration(t *testing.T) {
	c := readCompose(t)
	var env []string
	for name, value := range c.Services["backupman-1"].Environment {
		found := fromEnvironment.FindStringSubmatch(value)
		if found == nil || !strings.HasPrefix(found[1], "example-") {
			t.Fatalf("%s is %q, which is no example that the environment replaces", name, value)
		}
		env = append(env, name+"="+found[1])
	}
	text := c.Configs["backupman"].Content
	if strings.Contains(strings.ReplaceAll(text, "$$", ""), "$") {
		t.Error("Compose would replace a variable in the configuration")
	}
	config := program.WriteConfig(t, t.TempDir(), strings.ReplaceAll(text, "$$", "$"))
	if r := program.RunEnv(t, env, "-c", config, "config", "check"); r.Code != 0 {
		t.Errorf("status %d: %s%s", r.Code, r.Out, r.Err)
	}
	if r := program.Run(t, "-c", config, "config", "check"); r.Code == 0 {
		t.Error("the configuration holds its secrets itself")
	}
}

// The servers share everything but what is in their data folders.
func TestComposeServersAreReplicas(t *testing.T) {
	c := readCompose(t)
	first, second := c.Services["backupman-1"], c.Services["backupman-2"]
	if !slices.Equal(first.Configs, second.Configs) || len(first.Configs) == 0 || len(first.Volumes) == 0 || slices.Equal(first.Volumes, second.Volumes) {
		t.Errorf("%+v and %+v", first, second)
	}
	proxy := c.Configs["proxy"].Content
	for _, name := range []string{"backupman-1:8080", "backupman-2:8080", "/health"} {
		if !strings.Contains(proxy, name) {
			t.Errorf("the proxy does not know %s", name)
		}
	}
	if first.Environment["BACKUPMAN_SECRETS_KEY"] == "" || first.Environment["BACKUPMAN_SECRETS_KEY"] != second.Environment["BACKUPMAN_SECRETS_KEY"] {
		t.Error("the servers do not have one key of secrets")
	}
}

func TestDockerfile(t *testing.T) {
	text := rootFile(t, "Dockerfile")
	from := regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatch(text, -1)
	if len(from) != 2 {
		t.Fatalf("it has %d stages", len(from))
	}
	for _, stage := range from {
		if !pinned.MatchString(stage[1]) {
			t.Errorf("%s is of no certain version", stage[1])
		}
	}
	need := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(rootFile(t, "go.mod"))[1]
	if !strings.HasPrefix(from[0][1], "golang:"+need+"-") {
		t.Errorf("it is built by %s, and go.mod asks for Go %s", from[0][1], need)
	}
	last := text[strings.LastIndex(text, "\nFROM "):]
	user, entry := strings.Index(last, "\nUSER backupman\n"), strings.Index(last, "\nENTRYPOINT ")
	if user < 0 || entry < user {
		t.Error("it runs as root")
	}
	for _, line := range []string{"VOLUME /data", "EXPOSE 8080", `CMD ["backupman", "health"]`} {
		if !strings.Contains(last, line) {
			t.Errorf("it does not say %s", line)
		}
	}
}
