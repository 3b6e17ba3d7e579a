// Package walk is what the programs here share: they walk through features and say of each how it went; see
// ../../walker.py.
package walk

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"
)

// Broker is the address of the server.
var Broker = os.Args[1]

var input = bufio.NewReader(os.Stdin)

// Absent says that the library has no such thing.
var Absent = errors.New("the library has no such thing")

type failure struct{ text string }

// Fail ends the feature.
func Fail(format string, arguments ...any) {
	panic(failure{fmt.Sprintf(format, arguments...)})
}

// Check ends the feature if there is an error.
func Check(err error) {
	if err != nil {
		Fail("%v\n%s", err, debug.Stack())
	}
}

// Must is the value, unless there is an error.
func Must[T any](value T, err error) T {
	Check(err)
	return value
}

// Equal ends the feature if what was found is not what was expected.
func Equal[T any](found, expected T) {
	one, other := fmt.Sprint(found), fmt.Sprint(expected)
	if one != other {
		Fail("found %.300s, expected %.300s\n%s", one, other, debug.Stack())
	}
}

// KillAndRestart has the server killed and started again.
func KillAndRestart() {
	fmt.Println("@restart")
	line, _ := input.ReadString('\n')
	Equal(line, "go\n")
}

// Until waits for a condition, at most 30 seconds.
func Until(what string, condition func() bool) {
	deadline := time.Now().Add(30 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			Fail("after 30 s still not: %s\n%s", what, debug.Stack())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Numbered is the texts of `count` numbers from `begin` on.
func Numbered(count, begin int) []string {
	texts := make([]string, count)
	for i := range texts {
		texts[i] = fmt.Sprint(begin + i)
	}
	return texts
}

// Main walks through the features that the program was asked for.
func Main(version string, features map[string]func()) {
	fmt.Println("@client", version)
	for _, name := range os.Args[2:] {
		fmt.Println("@begin", name)
		run(name, features[name])
	}
}

func run(name string, feature func()) {
	defer func() {
		switch problem := recover().(type) {
		case nil:
			fmt.Println("@ok", name)
		case failure:
			first, rest, _ := strings.Cut(problem.text, "\n")
			fmt.Println(rest)
			fmt.Println("@failed", name, first)
		default:
			if problem == Absent {
				fmt.Println("@absent", name, Absent)
				return
			}
			fmt.Println(string(debug.Stack()))
			fmt.Println("@failed", name, strings.ReplaceAll(fmt.Sprint(problem), "\n", " | "))
		}
	}()
	if feature == nil {
		Fail("this program has no such feature")
	}
	feature()
}
