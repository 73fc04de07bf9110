;; vitrine run --stats --invoke=run exceptions.wasm 1000000
;; A loop in which every fourth call throws, and all exceptions are caught.
(module
  (tag $found (param i32))
  (func $look (param $i i32) (result i32)
    (if (i32.eqz (i32.and (local.get $i) (i32.const 3))) (then (throw $found (local.get $i))))
    (i32.mul (local.get $i) (i32.const 3)))
  (func (export "run") (param $n i32) (result i64) (local $sum i64) (local $a i32) (local $b i32)
    (loop $again
      (block $end
        (block $caught (result i32)
          (try_table (catch $found $caught)
            (local.set $a (call $look (local.get $n)))
            (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (local.get $a)))))
          (br $end))
        (local.set $b)
        (local.set $sum (i64.sub (local.get $sum) (i64.extend_i32_u (local.get $b)))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))
    (local.get $sum)))
