package sample_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/backupman/backupman/services/sample"
)

func TestShop(t *testing.T) {
	path := filepath.Join(t.TempDir(), "my shop#1", "shop.db")
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for range 2 { // the second call leaves the first shop alone
		if err := sample.Shop(t.Context(), path, now); err != nil {
			t.Fatal(err)
		}
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var rows, broken int
	var newest string
	err = db.QueryRow(`SELECT (SELECT count(*) FROM customers) + (SELECT count(*) FROM products) + (SELECT count(*) FROM orders) + (SELECT count(*) FROM order_items),
		(SELECT count(*) FROM pragma_foreign_key_check), (SELECT max(created_at) FROM orders)`).Scan(&rows, &broken, &newest)
	if err != nil {
		t.Fatal(err)
	}
	if rows < 45_000 || rows > 55_000 || broken != 0 {
		t.Errorf("%d rows, %d broken references", rows, broken)
	}
	if newest < "2026-03-01 10:00:00" || newest > "2026-03-01 12:00:00" {
		t.Errorf("the newest order is of %s", newest)
	}
}
