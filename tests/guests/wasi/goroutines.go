// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A program in Go: goroutines, time, files. Compiled where there is a compiler: it is too big to be kept here.
package main

import (
	"fmt"
	"os"
	"sort"
	"sync"
	"time"
)

func main() {
	var group sync.WaitGroup
	squares := make(chan int, 10)
	for i := 1; i <= 10; i++ {
		group.Add(1)
		go func(n int) {
			defer group.Done()
			time.Sleep(time.Duration(11-n) * time.Millisecond)
			squares <- n * n
		}(i)
	}
	group.Wait()
	close(squares)
	var all []int
	for square := range squares {
		all = append(all, square)
	}
	sort.Ints(all)
	fmt.Println(all)
	start := time.Now()
	time.Sleep(20 * time.Millisecond)
	fmt.Println(time.Since(start) >= 20*time.Millisecond)
	if err := os.WriteFile("note.txt", []byte("from go"), 0o644); err != nil {
		panic(err)
	}
	text, err := os.ReadFile("note.txt")
	fmt.Println(string(text), err)
	entries, err := os.ReadDir(".")
	fmt.Println(len(entries), entries[0].Name(), err)
	fmt.Println(os.Remove("note.txt"))
	_, err = os.ReadFile("../secret")
	fmt.Println(err != nil)
	if len(os.Args) > 1 {
		os.Exit(7)
	}
}
