package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// slowQuery is how long a statement may take before it is worth a warning.
const slowQuery = time.Second

// queryLog hands gorm's reports to slog: statements with placeholders, never
// with values. Failures are told at debug level only, because their errors are
// returned and told where they are handled.
type queryLog struct{ log *slog.Logger }

var _ logger.Interface = queryLog{}

func newQueryLog(log *slog.Logger) queryLog {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return queryLog{log}
}

// LogMode is there for gorm; the slog handler decides about levels.
func (q queryLog) LogMode(logger.LogLevel) logger.Interface { return q }

// Info reports what gorm itself has to say.
func (q queryLog) Info(ctx context.Context, format string, args ...any) {
	q.log.DebugContext(ctx, "metadata database", "detail", fmt.Sprintf(format, args...))
}

// Warn reports what gorm itself has to say.
func (q queryLog) Warn(ctx context.Context, format string, args ...any) {
	q.log.WarnContext(ctx, "metadata database", "detail", fmt.Sprintf(format, args...))
}

// Error reports what gorm itself has to say.
func (q queryLog) Error(ctx context.Context, format string, args ...any) {
	q.log.ErrorContext(ctx, "metadata database", "detail", fmt.Sprintf(format, args...))
}

// Trace reports one statement.
func (q queryLog) Trace(ctx context.Context, begin time.Time, statement func() (string, int64), err error) {
	took := time.Since(begin)
	switch {
	case err != nil && !errors.Is(err, gorm.ErrRecordNotFound):
		query, _ := statement()
		q.log.DebugContext(ctx, "metadata query failed", "sql", query, "cause", errorCode(err))
	case took > slowQuery:
		query, rows := statement()
		q.log.WarnContext(ctx, "metadata query was slow", "sql", query, "rows", rows, "took", took)
	}
}

// ParamsFilter drops the values from what gorm gives to Trace.
func (q queryLog) ParamsFilter(_ context.Context, query string, _ ...any) (string, []any) {
	return query, nil
}

// driverLog hands the MySQL driver's remarks about broken connections to slog.
type driverLog struct{ log *slog.Logger }

// Print is there for the driver.
func (d driverLog) Print(v ...any) {
	if d.log != nil {
		d.log.Debug("metadata connection", "detail", fmt.Sprint(v...))
	}
}
