package pionmedia

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// A pionLog passes what pion says on to a slog.Logger, all of it at debug
// level: what it warns of is what strangers and bad networks do.
type pionLog struct {
	log   *slog.Logger
	scope string
}

// NewLogger implements logging.LoggerFactory.
func (l pionLog) NewLogger(scope string) logging.LeveledLogger {
	return pionLog{l.log, scope} // made by the dozen, so without slog.Logger.With
}

func (l pionLog) say(format string, args ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug(fmt.Sprintf(format, args...), "pion", l.scope)
	}
}

func (l pionLog) Trace(string)                {}
func (l pionLog) Tracef(string, ...any)       {}
func (l pionLog) Debug(string)                {}
func (l pionLog) Debugf(string, ...any)       {}
func (l pionLog) Info(string)                 {}
func (l pionLog) Infof(string, ...any)        {}
func (l pionLog) Warn(msg string)             { l.say("%s", msg) }
func (l pionLog) Warnf(f string, args ...any) { l.say(f, args...) }
func (l pionLog) Error(msg string)            { l.say("%s", msg) }
func (l pionLog) Errorf(f string, a ...any)   { l.say(f, a...) }
