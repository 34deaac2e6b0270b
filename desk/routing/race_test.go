//go:build race

package routing

const raced = true // tests do less under the race detector
