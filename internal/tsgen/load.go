package main

import (
	"cmp"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// source is what the generator knows of the protocol package.
type source struct {
	pkg *types.Package
	// docs holds the comment of each declaration and field by its position.
	docs map[token.Pos]string
	// client holds the names of the frames that a client sends, server those
	// that the server sends, in the order of their declaration.
	client, server []string
}

// load parses and type-checks the package's own files. Imports are left
// unresolved: no wire type or constant refers to one.
func load(dir string) (*source, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	s := &source{docs: map[token.Pos]string{}}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(fset, path, text, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
		s.readDocs(file)
	}
	conf := types.Config{Importer: noImports{}, Error: func(error) {}}
	s.pkg, _ = conf.Check("protocol", fset, files, nil)
	s.client = s.implementers("FrameType")
	s.server = s.implementers("serverFrame")
	if len(s.client) == 0 || len(s.server) == 0 {
		return nil, errors.New("found no frames in " + dir)
	}
	return s, nil
}

type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("not resolved") }

// readDocs stores the comments of type declarations, fields and constants, above
// them or at the end of the line.
func (s *source) readDocs(file *ast.File) {
	note := func(pos token.Pos, groups ...*ast.CommentGroup) {
		for _, g := range groups {
			if text := strings.TrimSpace(g.Text()); text != "" {
				s.docs[pos] = text
				return
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch d := n.(type) {
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if t, ok := spec.(*ast.TypeSpec); ok {
					note(t.Name.Pos(), t.Doc, d.Doc)
				}
			}
		case *ast.ValueSpec:
			note(d.Names[0].Pos(), d.Comment, d.Doc) // Doc may be the heading of a group
		case *ast.Field:
			if len(d.Names) > 0 {
				note(d.Names[0].Pos(), d.Doc, d.Comment)
			}
		}
		return true
	})
}

// implementers returns the names of the struct types that have the method.
func (s *source) implementers(method string) []string {
	var found []types.Object
	for _, name := range s.pkg.Scope().Names() {
		obj, ok := s.pkg.Scope().Lookup(name).(*types.TypeName)
		if !ok || !obj.Exported() || s.constant("Type"+name) == nil {
			continue
		}
		if m, _, _ := types.LookupFieldOrMethod(obj.Type(), false, s.pkg, method); m != nil {
			found = append(found, obj)
		}
	}
	return names(found)
}

// constant returns the constant of the name, or nil.
func (s *source) constant(name string) *types.Const {
	c, _ := s.pkg.Scope().Lookup(name).(*types.Const)
	return c
}

// constants returns the exported constants of a named type, or the untyped ones
// for "", in the order of their declaration.
func (s *source) constants(typeName string) []*types.Const {
	var found []*types.Const
	for _, name := range s.pkg.Scope().Names() {
		c := s.constant(name)
		if c == nil || !c.Exported() {
			continue
		}
		named, _ := c.Type().(*types.Named)
		if (named == nil && typeName == "") || (named != nil && named.Obj().Name() == typeName) {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b *types.Const) int { return cmp.Compare(a.Pos(), b.Pos()) })
	return found
}

// reachable returns every named struct and string type that the frames refer
// to, other than the frames themselves, in the order of their declaration.
func (s *source) reachable() (structs, enums []types.Object) {
	seen := map[*types.TypeName]bool{}
	var walk func(t types.Type)
	walk = func(t types.Type) {
		switch t := t.(type) {
		case *types.Pointer:
			walk(t.Elem())
		case *types.Slice:
			walk(t.Elem())
		case *types.Map:
			walk(t.Elem())
		case *types.Struct:
			for f := range t.Fields() {
				walk(f.Type())
			}
		case *types.Named:
			if !seen[t.Obj()] {
				seen[t.Obj()] = true
				walk(t.Underlying())
			}
		}
	}
	frames := slices.Concat(s.client, s.server)
	for _, name := range frames {
		walk(s.pkg.Scope().Lookup(name).Type())
	}
	for _, obj := range slices.SortedFunc(maps.Keys(seen), func(a, b *types.TypeName) int { return cmp.Compare(a.Pos(), b.Pos()) }) {
		_, isStruct := obj.Type().Underlying().(*types.Struct)
		switch {
		case isStruct && !slices.Contains(frames, obj.Name()) && obj.Name() != "Envelope":
			structs = append(structs, obj)
		case !isStruct && obj.Name() != "Type":
			enums = append(enums, obj)
		}
	}
	return structs, enums
}

func names(objects []types.Object) []string {
	slices.SortFunc(objects, func(a, b types.Object) int { return cmp.Compare(a.Pos(), b.Pos()) })
	var list []string
	for _, obj := range objects {
		list = append(list, obj.Name())
	}
	return list
}
