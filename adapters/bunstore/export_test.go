package bunstore

import "context"

// EachConn calls fn with a reader of the settings of each connection to SQLite.
func EachConn(d *DB, fn func(pragma func(string) string, writes bool)) error {
	for n, l := range d.engine.(*sqliteEngine).links {
		var failed error
		fn(func(name string) (value string) {
			rows, err := l.rows(context.Background(), "PRAGMA "+name)
			if err != nil {
				failed = err
				return ""
			}
			defer rows.Close()
			for rows.Next() {
				rows.Scan(&value)
			}
			return value
		}, n == 0)
		if failed != nil {
			return failed
		}
	}
	return nil
}
