;; A prepaid account. Only `charge` is exported; everything else is private. tenant.wasm is made of this by
;; wasm-tools parse tenant.wat -o tenant.wasm
(module $tenant
  (global $credit (mut i64) (i64.const 1000000))
  (global $unit (mut i64) (i64.const 10))
  (global $refusals (mut i32) (i32.const 0))
  ;; The last eight charges, from 0 on.
  (memory $journal 1)
  (global $charges (mut i32) (i32.const 0))

  (func $rounded (param $amount i64) (result i64)
    loop $up
      (i64.rem_u (local.get $amount) (global.get $unit))
      i64.eqz
      if
        (return (local.get $amount))
      end
      (local.set $amount (i64.add (local.get $amount) (i64.const 1)))
      br $up
    end
    unreachable)

  ;; Takes the amount, rounded up, from the credit. Returns what is left, or -1 if the credit is too
  ;; small, or if that has happened three times.
  (func $charge (export "charge") (param $amount i64) (result i64)
    (if (i32.ge_u (global.get $refusals) (i32.const 3))
      (then (return (i64.const -1))))
    (local.set $amount (call $rounded (local.get $amount)))
    (if (i64.gt_u (local.get $amount) (global.get $credit))
      (then
        (global.set $refusals (i32.add (global.get $refusals) (i32.const 1)))
        (return (i64.const -1))))
    (i64.store
      (i32.shl (i32.and (global.get $charges) (i32.const 7)) (i32.const 3))
      (local.get $amount))
    (global.set $charges (i32.add (global.get $charges) (i32.const 1)))
    (global.set $credit (i64.sub (global.get $credit) (local.get $amount)))
    global.get $credit))
