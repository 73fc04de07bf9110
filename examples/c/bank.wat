;; A guest for `debug`, which exports one function: `wasm-tools parse bank.wat -o bank.wasm`.
(module $bank
  (memory $accounts 1)
  ;; A name of eight bytes and a balance.
  (data (i32.const 1024) "amber\00\00\00\32\00\00\00")
  (data (i32.const 1036) "jade\00\00\00\00\50\00\00\00")
  (global $opened i32 (i32.const 2))
  (global $total (mut i64) (i64.const 130))
  (func $deposit (param $account i32) (param $amount i32)
    (i32.store offset=8 (local.get $account)
      (i32.add (i32.load offset=8 (local.get $account)) (local.get $amount)))
    (global.set $total (i64.add (global.get $total) (i64.extend_i32_s (local.get $amount)))))
  (func $day (export "day") (result i64)
    (call $deposit (i32.const 1024) (i32.const 70))
    (call $deposit (i32.const 1036) (i32.const 20))
    (global.get $total)))
