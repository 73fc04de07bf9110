;; Plugins of all kinds, for `budget`: `wasm-tools parse plugin.wat -o plugin.wasm`.
(module $plugin
  (memory (export "memory") 1)
  ;; Adds up the numbers below a million.
  (func $sum (export "sum") (result i32)
    (local $i i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (local.get $i)))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000000))))
    (local.get $sum))
  ;; Never ends.
  (func $spin (export "spin") (result i32) (loop $again (br $again)) (unreachable))
  ;; Takes more and more memory, and gives up when it gets no more.
  (func $grow (export "grow") (result i32)
    (loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (unreachable))
  ;; Reads beyond the end of its memory.
  (func $stray (export "stray") (result i32) (i32.load (i32.const 65534))))
