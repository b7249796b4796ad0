package api

import (
	"github.com/backupman/backupman/models"
)

// Comparison is how a later backup of a job differs from an earlier one.
type Comparison struct {
	// Equal says that no table and no object differs.
	Equal   bool           `json:"Equal"`
	Tables  []TableChange  `json:"Tables"`
	Objects []ObjectChange `json:"Objects"`
	// EqualTables counts the tables that hold the same rows in both.
	EqualTables int   `json:"EqualTables"`
	RowsBefore  int64 `json:"RowsBefore"`
	RowsAfter   int64 `json:"RowsAfter"`
	BytesBefore int64 `json:"BytesBefore"`
	BytesAfter  int64 `json:"BytesAfter"`
	// Notes are sentences about what could not be compared.
	Notes []string `json:"Notes"`
}

// TableChange is how one table differs. Kind is added, removed or changed.
type TableChange struct {
	TableName
	Kind        string `json:"Kind"`
	RowsBefore  int64  `json:"RowsBefore"`
	RowsAfter   int64  `json:"RowsAfter"`
	BytesBefore int64  `json:"BytesBefore"`
	BytesAfter  int64  `json:"BytesAfter"`
	// SameRows says that there are as many rows with other values, Definition that the
	// table itself is made in another way.
	SameRows   bool `json:"SameRows"`
	Definition bool `json:"Definition"`
}

// ObjectChange is how one object other than a table's rows differs.
type ObjectChange struct {
	TableName
	Type string `json:"Type"`
	Kind string `json:"Kind"`
}

// NewComparison returns the API's form of a comparison.
func NewComparison(c models.Comparison) Comparison {
	dto := Comparison{
		Equal: len(c.Tables) == 0 && len(c.Objects) == 0, Tables: make([]TableChange, 0, len(c.Tables)), Objects: make([]ObjectChange, 0, len(c.Objects)),
		EqualTables: c.Equal, RowsBefore: c.RowsBefore, RowsAfter: c.RowsAfter, BytesBefore: c.BytesBefore, BytesAfter: c.BytesAfter, Notes: list(c.Notes),
	}
	for _, t := range c.Tables {
		dto.Tables = append(dto.Tables, TableChange{TableName: TableName(t.TableName), Kind: string(t.Kind), RowsBefore: t.RowsBefore, RowsAfter: t.RowsAfter,
			BytesBefore: t.BytesBefore, BytesAfter: t.BytesAfter, SameRows: t.SameRows, Definition: t.Definition})
	}
	for _, o := range c.Objects {
		dto.Objects = append(dto.Objects, ObjectChange{TableName: TableName{Schema: o.Object.Schema, Name: o.Object.Name}, Type: string(o.Object.Kind), Kind: string(o.Kind)})
	}
	return dto
}
