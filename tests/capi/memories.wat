(module
  (memory (export "wide") i64 1 4)
  (table (export "elements") i64 2 6 anyref)
  (table (export "functions") 1 4 funcref)
  (global (export "bits") (mut v128) (v128.const i32x4 1 2 3 4))
  (global (export "constant") i32 (i32.const 9))
  (func (export "f")))
