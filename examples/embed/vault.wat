;; Only `open` is exported; everything else is private. vault.wasm is made of this by
;; wasm-tools parse vault.wat -o vault.wasm
(module $vault
  (global $tries (mut i32) (i32.const 3))
  (memory $notes 1)
  (data (i32.const 64) "combination 4711")
  (table $answers 2 funcref)
  (elem (i32.const 0) func $refuse $welcome)
  (func $refuse (result i32) i32.const 0)
  (func $welcome (result i32) i32.const 1)
  (func $reset (param $to i32) local.get $to global.set $tries)
  (func (export "open") (param $combination i32) (result i32)
    global.get $tries i32.const 1 i32.sub global.set $tries
    local.get $combination i32.const 4711 i32.eq
    call_indirect $answers (result i32)))
