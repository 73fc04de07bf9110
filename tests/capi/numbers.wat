(component $numbers
  (import "code" (core module $code (export "twice" (func (param i64) (result i64)))))
  (core instance $main (instantiate $code))
  (func $twice (param "n" s64) (result s64) (canon lift (core func $main "twice")))
  (instance $exported (export "twice" (func $twice)))
  (export "test:host/numbers@0.1.0" (instance $exported)))
