package queue

import "testing"

func TestAVisitorIsGivenALanguageOfTheirs(t *testing.T) {
	tests := []struct {
		name          string
		wanted, known []string
		want          string
	}{
		{"the script before the language", []string{"zh-TW"}, []string{"zh", "zh-Hant"}, "zh-Hant"},
		{"the language where nobody writes the script", []string{"zh-TW"}, []string{"en", "zh"}, "zh"},
		{"a region without one of its own", []string{"pt-AO"}, []string{"pt-BR", "pt-PT"}, "pt-PT"},
		{"the first preference before a better fit of the second", []string{"es-MX", "en"}, []string{"en", "es"}, "es"},
		{"one language by another of its tags", []string{"nb-NO"}, []string{"no"}, "no"},
		{"and the other way round", []string{"no"}, []string{"nb"}, "nb"},
		{"no neighbour's language", []string{"da"}, []string{"nb"}, ""},
		{"no tag", []string{"en_!", ""}, []string{"en"}, ""},
		{"nothing known", []string{"en"}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, found := MatchLanguage(tt.wanted, tt.known); got != tt.want || found != (tt.want != "") {
				t.Errorf("%v of %v: %q, want %q", tt.wanted, tt.known, got, tt.want)
			}
		})
	}
}
