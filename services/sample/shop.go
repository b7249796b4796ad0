// Package sample makes a small shop in an SQLite database, for the demo and for
// tests that want a database of believable content and size.
package sample

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver that database/sql calls "sqlite"
)

// How many rows the tables of the shop hold; order lines come to about two an order.
const (
	customers = 4_000
	products  = 600
	orders    = 15_000
)

// seed makes every shop the same but for its dates.
const seed = 20_250_702

const schema = `
CREATE TABLE customers (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,
  email      TEXT NOT NULL UNIQUE,
  city       TEXT NOT NULL,
  country    TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE TABLE products (
  id          INTEGER PRIMARY KEY,
  sku         TEXT NOT NULL UNIQUE,
  name        TEXT NOT NULL,
  category    TEXT NOT NULL,
  price_cents INTEGER NOT NULL CHECK (price_cents > 0),
  stock       INTEGER NOT NULL
);
CREATE TABLE orders (
  id          INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customers (id),
  status      TEXT NOT NULL CHECK (status IN ('paid', 'shipped', 'delivered', 'returned')),
  note        TEXT,
  created_at  TEXT NOT NULL
);
CREATE TABLE order_items (
  order_id    INTEGER NOT NULL REFERENCES orders (id),
  line        INTEGER NOT NULL,
  product_id  INTEGER NOT NULL REFERENCES products (id),
  quantity    INTEGER NOT NULL CHECK (quantity > 0),
  price_cents INTEGER NOT NULL,
  PRIMARY KEY (order_id, line)
) WITHOUT ROWID;
CREATE INDEX orders_by_customer ON orders (customer_id, created_at);
CREATE INDEX items_by_product ON order_items (product_id);
CREATE VIEW order_totals AS
  SELECT o.id, o.customer_id, o.created_at, sum(i.quantity * i.price_cents) AS total_cents
  FROM orders o JOIN order_items i ON i.order_id = o.id GROUP BY o.id;
CREATE TRIGGER stock_after_sale AFTER INSERT ON order_items WHEN NEW.quantity > 100
BEGIN
  UPDATE products SET stock = stock - NEW.quantity WHERE id = NEW.product_id;
END;
`

// Shop makes the database at path, as of now: its newest orders are from the
// last hours. A file that is already there is left alone.
func Shop(ctx context.Context, path string, now time.Time) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the folder of the sample database: %w", err)
	}
	unfinished := path + ".new"
	if err := os.RemoveAll(unfinished); err != nil {
		return fmt.Errorf("remove an unfinished sample database: %w", err)
	}
	if err := build(ctx, unfinished, now); err != nil {
		return fmt.Errorf("make the sample database: %w", err)
	}
	return os.Rename(unfinished, path)
}

func build(ctx context.Context, path string, now time.Time) error {
	uri := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	db, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	if _, err := tx.ExecContext(ctx, schema); err != nil {
		return err
	}
	s := &shop{ctx: ctx, tx: tx, now: now.UTC(), rand: rand.New(rand.NewPCG(seed, seed))}
	for _, fill := range []func() error{s.customers, s.products, s.orders} {
		if err := fill(); err != nil {
			return err
		}
	}
	return tx.Commit()
}

type shop struct {
	ctx    context.Context
	tx     *sql.Tx
	now    time.Time
	rand   *rand.Rand
	prices [products + 1]int
}

var (
	firstNames = strings.Fields("Ada Bilal Chloé Dmitri Elif Farid Grace Hiro Ingrid João Kofi Léa Mina Noah Olga Priya Quinn Rosa Søren Tariq Uma Victor Wanjiru Xin Yusuf Zoë")
	lastNames  = strings.Fields("Almeida Baker Chen Diallo Eriksson Fischer García Haddad Ivanova Jensen Kim Laurent Mbeki Nakamura O'Brien Petrov Quispe Rossi Singh Takahashi Usman Vogel Weiß Xu Yılmaz Zhang")
	cities     = [][2]string{{"Lyon", "FR"}, {"Antananarivo", "MG"}, {"São Paulo", "BR"}, {"Kraków", "PL"}, {"Osaka", "JP"}, {"Leeds", "GB"}, {"Nairobi", "KE"}, {"İzmir", "TR"}, {"Zürich", "CH"}, {"Montréal", "CA"}}
	goods      = map[string][]string{"Kitchen": {"Kettle", "Pan", "Whisk"}, "Garden": {"Spade", "Hose", "Lantern"}, "Desk": {"Notebook", "Lamp", "Pen set"}, "Outdoor": {"Tent", "Flask", "Compass"}}
	categories = []string{"Kitchen", "Garden", "Desk", "Outdoor"}
	finishes   = []string{"copper", "oak", "slate", "linen", "steel", "recycled", "compact", "classic"}
	notes      = []string{"Leave with the neighbour", "Gift wrap 🎁", "Ring twice", "Bitte ohne Rechnung im Paket"}
)

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

func (s *shop) customers() error {
	insert, err := s.tx.PrepareContext(s.ctx, `INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for id := 1; id <= customers; id++ {
		first, last, city := pick(s.rand, firstNames), pick(s.rand, lastNames), pick(s.rand, cities)
		email := fmt.Sprintf("customer%d@example.org", id)
		if _, err := insert.ExecContext(s.ctx, id, first+" "+last, email, city[0], city[1], s.ago(900*24)); err != nil {
			return err
		}
	}
	return nil
}

func (s *shop) products() error {
	insert, err := s.tx.PrepareContext(s.ctx, `INSERT INTO products VALUES (?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for id := 1; id <= products; id++ {
		category := pick(s.rand, categories)
		name := fmt.Sprintf("%s, %s, no. %d", pick(s.rand, goods[category]), pick(s.rand, finishes), id)
		s.prices[id] = 199 + 100*s.rand.IntN(180)
		if _, err := insert.ExecContext(s.ctx, id, fmt.Sprintf("SKU-%05d", id), name, category, s.prices[id], s.rand.IntN(400)); err != nil {
			return err
		}
	}
	return nil
}

func (s *shop) orders() error {
	order, err := s.tx.PrepareContext(s.ctx, `INSERT INTO orders VALUES (?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer order.Close()
	item, err := s.tx.PrepareContext(s.ctx, `INSERT INTO order_items VALUES (?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer item.Close()
	for id := 1; id <= orders; id++ {
		var note any
		if s.rand.IntN(12) == 0 {
			note = pick(s.rand, notes)
		}
		// Orders are spread over two years and end in the last hour.
		age := time.Duration(orders-id) * (2 * 365 * 24 * time.Hour / orders)
		at := s.now.Add(-age - time.Duration(s.rand.IntN(3600))*time.Second)
		if _, err := order.ExecContext(s.ctx, id, 1+s.rand.IntN(customers), status(age), note, stamp(at)); err != nil {
			return err
		}
		lines := 1 + s.rand.IntN(3)
		for line := 1; line <= lines; line++ {
			product := 1 + s.rand.IntN(products)
			if _, err := item.ExecContext(s.ctx, id, line, product, 1+s.rand.IntN(4), s.prices[product]); err != nil {
				return err
			}
		}
	}
	return nil
}

func status(age time.Duration) string {
	switch {
	case age < 24*time.Hour:
		return "paid"
	case age < 4*24*time.Hour:
		return "shipped"
	default:
		return "delivered"
	}
}

func (s *shop) ago(hours int) string {
	return stamp(s.now.Add(-time.Duration(s.rand.IntN(hours)) * time.Hour))
}

func stamp(t time.Time) string { return t.Format("2006-01-02 15:04:05") }
