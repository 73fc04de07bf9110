(module
  (import "env" "log" (func $log (param i32)))
  (import "env" "base" (global $base i32))
  (import "math" "double" (func $double (param i32) (result i32)))
  (func (export "run") (param i32) (result i32)
    (call $log (local.get 0))
    (i32.add (global.get $base) (call $double (local.get 0))))
  (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))
