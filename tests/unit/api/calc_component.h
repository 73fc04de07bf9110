// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string_view>

namespace vitrine::test {

/// A component with a private core instance `main`, which has a memory and a counter that nothing
/// exports. It imports functions and a resource type of the host.
inline constexpr std::string_view calc_component = R"((component $calc
  (import "test:calc/host-log@0.1.0" (instance $log
    (export "sink" (type $sink (sub resource)))
    (export "[constructor]sink" (func (param "name" string) (result (own $sink))))
    (export "[method]sink.write" (func (param "self" (borrow $sink)) (param "text" string)))
    (export "log" (func (param "level" u8) (param "text" string) (result (result (error string)))))))
  (alias export $log "sink" (type $sink))

  (core module $libc
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 4096))
    (func $realloc (export "realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32)
      (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get $new)))
      (memory.copy (local.get $at) (local.get $old) (local.get $size))
      (local.get $at)))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))

  (core func $new_sink (canon lower (func $log "[constructor]sink") (memory $memory)))
  (core func $write (canon lower (func $log "[method]sink.write") (memory $memory)))
  (core func $log_core (canon lower (func $log "log") (memory $memory) (realloc $realloc)))
  (core func $drop_sink (canon resource.drop $sink))

  (core module $main
    (import "libc" "memory" (memory $memory 1))
    (import "libc" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
    (import "log" "new" (func $new_sink (param i32 i32) (result i32)))
    (import "log" "write" (func $write (param i32 i32 i32)))
    (import "log" "log" (func $log (param i32 i32 i32 i32)))
    (import "log" "drop" (func $drop_sink (param i32)))
    (global $calls (mut i32) (i32.const 0))
    (data (i32.const 16) "hello, ")
    (data (i32.const 32) "sink line")
    (data (i32.const 48) "empty")
    (func $count (global.set $calls (i32.add (global.get $calls) (i32.const 1))))
    ;; "hello, " and the name
    (func (export "greet") (param $name i32) (param $size i32) (result i32) (local $at i32)
      (call $count)
      (local.set $at (call $realloc (i32.const 0) (i32.const 0) (i32.const 1)
        (i32.add (local.get $size) (i32.const 7))))
      (memory.copy (local.get $at) (i32.const 16) (i32.const 7))
      (memory.copy (i32.add (local.get $at) (i32.const 7)) (local.get $name) (local.get $size))
      (i32.store (i32.const 8) (local.get $at))
      (i32.store (i32.const 12) (i32.add (local.get $size) (i32.const 7)))
      (i32.const 8))
    (func (export "translate") (param $x i32) (param $y i32) (param $label i32) (param $size i32)
      (param $dx i32) (param $dy i32) (result i32)
      (call $count)
      (i32.store (i32.const 64) (i32.add (local.get $x) (local.get $dx)))
      (i32.store (i32.const 68) (i32.add (local.get $y) (local.get $dy)))
      (i32.store (i32.const 72) (local.get $label))
      (i32.store (i32.const 76) (local.get $size))
      (i32.const 64))
    ;; The sum, or an error if there is nothing to add.
    (func (export "sum") (param $at i32) (param $count i32) (result i32) (local $sum i64)
      (i64.store (i32.const 80) (i64.const 0))
      (if (i32.eqz (local.get $count)) (then
        (i32.store8 (i32.const 80) (i32.const 1))
        (i32.store (i32.const 88) (i32.const 48))
        (i32.store (i32.const 92) (i32.const 5))
        (return (i32.const 80))))
      (loop $next
        (local.set $sum (i64.add (local.get $sum) (i64.load (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
      (i64.store (i32.const 88) (local.get $sum))
      (i32.const 80))
    ;; Makes a sink, writes a line to it and drops it.
    (func (export "use-sink") (param $name i32) (param $size i32) (local $sink i32)
      (local.set $sink (call $new_sink (local.get $name) (local.get $size)))
      (call $write (local.get $sink) (i32.const 32) (i32.const 9))
      (call $drop_sink (local.get $sink)))
    ;; Passes on what `log` returns.
    (func (export "log-at") (param $level i32) (result i32)
      (call $log (local.get $level) (i32.const 32) (i32.const 9) (i32.const 100))
      (i32.const 100))
    (func (export "fail") unreachable))
  (core instance $main (instantiate $main
    (with "libc" (instance $libc))
    (with "log" (instance
      (export "new" (func $new_sink))
      (export "write" (func $write))
      (export "log" (func $log_core))
      (export "drop" (func $drop_sink))))))

  (type $point_ (record (field "x" s32) (field "y" s32) (field "label" string)))
  (export $point "point" (type $point_))
  (func (export "translate") (param "p" $point) (param "dx" s32) (param "dy" s32) (result $point)
    (canon lift (core func $main "translate") (memory $memory) (realloc $realloc)))
  (func (export "use-sink") (param "name" string)
    (canon lift (core func $main "use-sink") (memory $memory) (realloc $realloc)))
  (func (export "log-at") (param "level" u8) (result (result (error string)))
    (canon lift (core func $main "log-at") (memory $memory)))
  (func (export "fail") (canon lift (core func $main "fail")))
  (func $greet (param "name" string) (result string)
    (canon lift (core func $main "greet") (memory $memory) (realloc $realloc)))
  (func $sum (param "numbers" (list s64)) (result (result s64 (error string)))
    (canon lift (core func $main "sum") (memory $memory) (realloc $realloc)))
  (instance $ops (export "greet" (func $greet)) (export "sum" (func $sum)))
  (export "test:calc/ops@0.1.0" (instance $ops))
)
)";

} // namespace vitrine::test
