package compare

import (
	"cmp"
	"slices"

	"github.com/backupman/backupman/models"
)

// compareObjects compares everything but tables whose rows are compared. Several
// objects may have one name, such as functions that differ in their arguments: those
// that are equal in both backups are set against each other first.
func (p *pair) compareObjects() {
	before, after := p.definitions(p.before), p.definitions(p.after)
	p.leaveOut(before, after)
	for o, was := range before {
		p.compareObject(o, was, after[o])
	}
	for o, is := range after {
		if _, ok := before[o]; !ok {
			p.compareObject(o, nil, is)
		}
	}
}

// definitions gathers the definitions of the objects of each name.
func (p *pair) definitions(inv models.Inventory) map[models.Object][]string {
	tables := map[models.TableName]bool{}
	for _, i := range []models.Inventory{p.before, p.after} {
		for _, t := range i.Tables {
			tables[models.TableName{Schema: t.Schema, Name: t.Name}] = true
		}
	}
	found := map[models.Object][]string{}
	for _, o := range inv.Objects {
		if o.Kind == models.ObjectTable && tables[models.TableName{Schema: o.Schema, Name: o.Name}] {
			continue
		}
		found[o.Identity()] = append(found[o.Identity()], o.Definition)
	}
	return found
}

// leaveOut forgets the indexes and constraints when one of the manifests is of a
// version that listed none: they were not added or removed.
func (p *pair) leaveOut(before, after map[models.Object][]string) {
	for _, kind := range []models.ObjectKind{models.ObjectIndex, models.ObjectConstraint} {
		earlier, later := p.before.Count(kind), p.after.Count(kind)
		unknown := earlier == 0 && later > 0 && !defines(p.before) && defines(p.after) ||
			later == 0 && earlier > 0 && !defines(p.after) && defines(p.before)
		if !unknown {
			continue
		}
		p.left = append(p.left, kind)
		for _, objects := range []map[models.Object][]string{before, after} {
			for o := range objects {
				if o.Kind == kind {
					delete(objects, o)
				}
			}
		}
	}
}

// defines reports whether an inventory says how any of its objects is made.
func defines(inv models.Inventory) bool {
	return slices.ContainsFunc(inv.Objects, func(o models.Object) bool { return o.Definition != "" })
}

func (p *pair) compareObject(o models.Object, before, after []string) {
	was, is := without(before, after), without(after, before)
	for i := range max(len(was), len(is)) {
		switch {
		case i >= len(is):
			p.change(o, was[i], models.Removed)
		case i >= len(was):
			p.change(o, is[i], models.Added)
		case p.otherDefinition(was[i], is[i]):
			p.change(o, is[i], models.Changed)
		}
	}
}

func (p *pair) change(o models.Object, definition string, kind models.ChangeKind) {
	o.Definition = definition
	p.found.Objects = append(p.found.Objects, models.ObjectChange{Object: o, Kind: kind})
}

// without returns the definitions that the other list lacks, each as often as it does.
func without(definitions, other []string) []string {
	other = slices.Clone(other)
	var rest []string
	for _, d := range definitions {
		if i := slices.Index(other, d); i >= 0 {
			other = slices.Delete(other, i, i+1)
			continue
		}
		rest = append(rest, d)
	}
	slices.Sort(rest)
	return rest
}

func byKindAndName(a, b models.ObjectChange) int {
	return cmp.Or(
		cmp.Compare(a.Object.Kind, b.Object.Kind),
		cmp.Compare(a.Object.Schema, b.Object.Schema),
		cmp.Compare(a.Object.Name, b.Object.Name),
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Object.Definition, b.Object.Definition),
	)
}
