package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// calibrated names the constants that were chosen by what scenarios show, by file. Each is a constant of the
// product, so a variant is built from a changed copy of its file.
var calibrated = []struct {
	file  string
	names []string
}{
	{"queue/eta/stretch.go", []string{"stepFirst", "stepAfter", "stepLast", "stretchNeeds", "sharedLuck"}},
	{"queue/eta/regression.go", []string{"recentWeight", "regressionForgets", "regressionPrior", "offsetPrior", "offsetForgets", "correctionForgets", "correctionProof", "mostCorrected"}},
	{"queue/eta/pace.go", []string{"shortMemory", "pacePrior", "paceChanges", "newMemory"}},
}

// figures are what is compared of one desk.
type figures struct{ score, inside float64 }

// sensitivity writes a table of what changes as each constant is halved and doubled, and of the desk where
// most does.
func sensitivity(out io.Writer, only string) error {
	dir, err := os.MkdirTemp("", "etabench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	base, err := variant(dir, "", nil, only)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "| constant | as it is | halved | doubled | most changed |\n|---|---|---|---|---|")
	fmt.Fprintf(out, "| none | %s | | | |\n", mean(base))
	for _, c := range calibrated {
		source, err := os.ReadFile(c.file)
		if err != nil {
			return err
		}
		for _, name := range c.names {
			declared := regexp.MustCompile(`\b` + name + `( *= *)([0-9.]+)`)
			found := declared.FindSubmatch(source)
			if found == nil {
				return fmt.Errorf("%s has no constant %s", c.file, name)
			}
			value, err := strconv.ParseFloat(string(found[2]), 64)
			if err != nil {
				return err
			}
			cells, most, where := []string{}, 0.0, ""
			for _, by := range []float64{.5, 2} {
				changed := declared.ReplaceAll(source, []byte(name+"${1}"+strconv.FormatFloat(value*by, 'g', -1, 64)))
				got, err := variant(dir, c.file, changed, only)
				if err != nil {
					return err
				}
				cells = append(cells, mean(got))
				for _, desk := range slices.Sorted(maps.Keys(got)) {
					if d := math.Log(got[desk].score / base[desk].score); math.Abs(d) > math.Abs(most) {
						most, where = d, fmt.Sprintf("%s ×%g: score %+.1f %%", desk, by, 100*math.Expm1(d))
					}
				}
			}
			fmt.Fprintf(out, "| `%s` | %g | %s | %s | %s |\n", name, value, cells[0], cells[1], where)
		}
	}
	return nil
}

// mean writes the means over the desks.
func mean(all map[string]figures) string {
	var score, off float64
	for _, desk := range slices.Sorted(maps.Keys(all)) {
		score += math.Log(all[desk].score) / float64(len(all))
		off += math.Abs(all[desk].inside-.8) / float64(len(all))
	}
	return fmt.Sprintf("%.3f, %.3f", score, off)
}

// variant builds this command with the file changed, and runs the desks with it.
func variant(dir, file string, changed []byte, only string) (map[string]figures, error) {
	binary := filepath.Join(dir, "etabench")
	args := []string{"build", "-o", binary}
	if file != "" {
		here, err := filepath.Abs(file)
		if err != nil {
			return nil, err
		}
		copied, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
		if err := os.WriteFile(copied, changed, 0o600); err != nil {
			return nil, err
		}
		data := fmt.Appendf(nil, `{"Replace":{%q:%q}}`, here, copied)
		if err := os.WriteFile(overlay, data, 0o600); err != nil {
			return nil, err
		}
		args = append(args, "-overlay", overlay)
	}
	if text, err := exec.CommandContext(context.Background(), "go", append(args, "./internal/etabench")...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	all := map[string]figures{}
	for _, d := range desks() {
		if !chosen(d.name, only) {
			continue
		}
		text, err := exec.CommandContext(context.Background(), binary, "-only", d.name).Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
		all[d.name] = read(text)
	}
	return all, nil
}

// read reads the figures off a table.
func read(table []byte) (f figures) {
	for line := range bytes.Lines(table) {
		cells := strings.Split(string(line), "|")
		if len(cells) < 7 {
			continue
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(cells[6]), 64)
		if err != nil {
			continue
		}
		switch strings.TrimSpace(cells[1]) {
		case "interval score ÷ mean wait":
			f.score = value
		case "coverage of P10–P90":
			f.inside = value
		}
	}
	return f
}
