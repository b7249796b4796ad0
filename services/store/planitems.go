package store

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/backupman/backupman/models"
)

// planFact names the fact that is another after each change of what people set up. Whoever
// changes it, or applies a plan that was made from it, locks it first.
const planFact = "plan"

// firstPlan is the revision before the first change.
const firstPlan = "0"

// PlanRevision returns a word that changes whenever a PlanItem is saved or removed.
func (s *Store) PlanRevision(ctx context.Context) (string, error) {
	var fact models.Fact
	err := s.read(ctx).Take(&fact, "name = ?", planFact).Error
	if isMissing(err) {
		return firstPlan, nil
	}
	return revisionOf(fact), s.fault("see whether what is set up has changed", err)
}

func revisionOf(fact models.Fact) string {
	if fact.Value == "" {
		return firstPlan
	}
	return fact.Value
}

// planRow is a PlanItem as it lies in the database.
type planRow struct {
	Kind, Label, Fields, CreatedBy, UpdatedBy string
	CreatedAt                                 time.Time
	UpdatedAt                                 *time.Time
}

// TableName is that of models.PlanItem.
func (planRow) TableName() string { return "plan_items" }

// item reads a row. One whose fields can't be read says so, and costs no other.
func (r planRow) item() models.PlanItem {
	i := models.PlanItem{Kind: models.PlanKind(r.Kind), Label: r.Label, CreatedBy: r.CreatedBy, UpdatedBy: r.UpdatedBy, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
	if err := json.Unmarshal([]byte(r.Fields), &i.Fields); err != nil {
		i.Fields, i.Unreadable = nil, true
	}
	return i
}

// PlanItems returns what people have set up, by kind and label.
func (s *Store) PlanItems(ctx context.Context) ([]models.PlanItem, error) {
	var rows []planRow
	err := s.read(ctx).Order("kind, label").Find(&rows).Error
	items := make([]models.PlanItem, len(rows))
	for i, r := range rows {
		items[i] = r.item()
	}
	return items, s.fault("list what is set up", err)
}

// PlanItem returns one thing that people have set up, or models.ErrNotFound.
func (s *Store) PlanItem(ctx context.Context, kind models.PlanKind, label string) (models.PlanItem, error) {
	var row planRow
	err := s.read(ctx).Take(&row, "kind = ? AND label = ?", kind, label).Error
	if isMissing(err) {
		return models.PlanItem{}, notSetUp(kind, label)
	}
	return row.item(), s.fault("read what is set up", err)
}

// PlanID returns the id of a source, a drive or a job, also of one that is no part of the
// configuration; empty for what never was, and for a notifier, which has none.
func (s *Store) PlanID(ctx context.Context, kind models.PlanKind, label string) (string, error) {
	table, ok := planTables[kind]
	if !ok {
		return "", nil
	}
	var ids []string
	err := s.read(ctx).Table(table).Where("label = ?", label).Pluck("id", &ids).Error
	if err != nil || len(ids) == 0 {
		return "", s.fault("find what is set up", err)
	}
	return ids[0], nil
}

func notSetUp(kind models.PlanKind, label string) error {
	return models.NotFoundf("no %s called %q is set up here: it may have been deleted, or the configuration file names it", kind, label)
}

// SavePlanItem adds an item or replaces the one of its kind and label, with its secrets, all
// or nothing. It returns models.ErrBusy when another change came first, and
// models.ErrConflict when a new item is there already.
func (s *Store) SavePlanItem(ctx context.Context, c models.PlanChange) error {
	return s.changePlan(ctx, c, func(tx *gorm.DB, now time.Time) error {
		var known planRow
		err := tx.Take(&known, "kind = ? AND label = ?", c.Item.Kind, c.Item.Label).Error
		switch {
		case isMissing(err):
			return addItem(tx, c.Item, now)
		case err != nil:
			return err
		case c.New:
			return models.Conflictf("there is a %s called %q already: choose another label", c.Item.Kind, c.Item.Label)
		}
		changed := models.PlanItem{Fields: c.Item.Fields, UpdatedBy: c.Item.UpdatedBy, UpdatedAt: &now}
		return tx.Model(&models.PlanItem{}).Where("kind = ? AND label = ?", c.Item.Kind, c.Item.Label).
			Select("fields", "updated_by", "updated_at").Updates(&changed).Error
	})
}

func addItem(tx *gorm.DB, item models.PlanItem, now time.Time) error {
	item.CreatedBy, item.CreatedAt, item.UpdatedAt = item.UpdatedBy, now, nil
	return tx.Create(&item).Error
}

// planTables are where what is planned has rows.
var planTables = map[models.PlanKind]string{models.PlanSource: "sources", models.PlanDrive: "drives", models.PlanJob: "jobs"}

// RemovePlanItem removes an item and its secrets, and marks its source, drive or job as
// removed; a pause of the job ends with it, because what is set up under its label later is
// another job. It returns models.ErrBusy when another change came first.
func (s *Store) RemovePlanItem(ctx context.Context, c models.PlanChange) error {
	return s.changePlan(ctx, c, func(tx *gorm.DB, now time.Time) error {
		gone := tx.Delete(&models.PlanItem{}, "kind = ? AND label = ?", c.Item.Kind, c.Item.Label)
		if gone.Error != nil {
			return gone.Error
		}
		if gone.RowsAffected == 0 {
			return notSetUp(c.Item.Kind, c.Item.Label)
		}
		table, ok := planTables[c.Item.Kind]
		if !ok {
			return nil
		}
		removed := map[string]any{"removed_at": now, "updated_at": now}
		if c.Item.Kind == models.PlanJob {
			removed["paused_at"] = nil
		}
		return tx.Table(table).Where("label = ? AND removed_at IS NULL", c.Item.Label).Updates(removed).Error
	})
}

// changePlan makes one change of what is set up, in one transaction with its secrets, once
// nobody has made another since it was checked.
func (s *Store) changePlan(ctx context.Context, c models.PlanChange, change func(tx *gorm.DB, now time.Time) error) error {
	if err := s.makeRow(ctx, planFact); err != nil {
		return err
	}
	return s.write(ctx, "change what is set up", func(tx *gorm.DB) error {
		if err := samePlan(tx, c.Revision); err != nil {
			return err
		}
		now := models.Now()
		if err := change(tx, now); err != nil {
			return err
		}
		if err := changeSecrets(tx, c, now); err != nil {
			return err
		}
		return tx.Model(&models.Fact{}).Where("name = ?", planFact).UpdateColumn("value", models.NewID()).Error
	})
}

// samePlan keeps others from changing what is set up until the transaction ends, and
// returns models.ErrBusy when somebody has since the given revision.
func samePlan(tx *gorm.DB, revision string) error {
	var fact models.Fact
	if err := forUpdate(tx).Take(&fact, "name = ?", planFact).Error; err != nil {
		return err
	}
	if revisionOf(fact) != revision {
		return models.Busyf("what is set up here was changed by somebody else at the same time: look at it and try again")
	}
	return nil
}

func changeSecrets(tx *gorm.DB, c models.PlanChange, now time.Time) error {
	for _, secret := range c.Secrets {
		if err := putSecret(tx, secret, now); err != nil {
			return err
		}
	}
	if len(c.Forget) == 0 {
		return nil
	}
	return tx.Delete(&models.StoredSecret{}, "name IN ?", c.Forget).Error
}

// putSecret adds a stored secret, or replaces what another of its name holds.
func putSecret(tx *gorm.DB, secret models.StoredSecret, now time.Time) error {
	secret.CreatedAt, secret.UpdatedAt = now, nil
	return tx.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "name"}},
		DoUpdates: clause.Assignments(map[string]any{"sealed": secret.Sealed, "set_by": secret.SetBy, "updated_at": now}),
	}).Create(&secret).Error
}
