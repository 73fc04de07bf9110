(module (func (export "twice") (param i64) (result i64) (i64.shl (local.get 0) (i64.const 1))))
