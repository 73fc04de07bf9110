;; vitrine run --stats --invoke=run objects.wasm 20
;; Builds binary trees of structs and walks them with casts, and fills arrays.
(module
  (rec
    (type $tree (sub (struct)))
    (type $leaf (sub final $tree (struct (field $value i32))))
    (type $node (sub final $tree (struct (field $left (ref $tree)) (field $right (ref $tree)) (field $sum (mut i64))))))
  (type $longs (array (mut i64)))
  (type $bytes (array (mut i8)))
  (func $build (param $depth i32) (result (ref $tree))
    (if (i32.eqz (local.get $depth)) (then (return (struct.new $leaf (local.get $depth)))))
    (struct.new $node
      (call $build (i32.sub (local.get $depth) (i32.const 1)))
      (call $build (i32.sub (local.get $depth) (i32.const 1)))
      (i64.extend_i32_u (local.get $depth))))
  (func $walk (param $at (ref $tree)) (result i64) (local $node (ref null $node)) (local $sum i64)
    (block $is_leaf (result (ref $leaf))
      (br_on_cast $is_leaf (ref $tree) (ref $leaf) (local.get $at))
      (local.set $node (ref.cast (ref $node)))
      (local.set $sum (i64.add
        (struct.get $node $sum (local.get $node))
        (i64.add
          (call $walk (struct.get $node $left (local.get $node)))
          (call $walk (struct.get $node $right (local.get $node))))))
      (struct.set $node $sum (local.get $node) (i64.and (local.get $sum) (i64.const 0xff)))
      (return (local.get $sum)))
    (i64.extend_i32_u (struct.get $leaf $value)))
  (func $sieve (param $n i32) (result i64)
    (local $composite (ref null $bytes)) (local $primes (ref null $longs)) (local $count i32) (local $i i32) (local $j i32)
    (local.set $composite (array.new_default $bytes (local.get $n)))
    (local.set $primes (array.new_default $longs (local.get $n)))
    (local.set $i (i32.const 2))
    (loop $again
      (if (i32.eqz (array.get_u $bytes (local.get $composite) (local.get $i)))
        (then
          (array.set $longs (local.get $primes) (local.get $count) (i64.extend_i32_u (local.get $i)))
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (local.set $j (i32.add (local.get $i) (local.get $i)))
          (block $end
            (loop $mark
              (br_if $end (i32.ge_u (local.get $j) (array.len (local.get $composite))))
              (array.set $bytes (local.get $composite) (local.get $j) (i32.const 1))
              (local.set $j (i32.add (local.get $j) (local.get $i)))
              (br $mark)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (i64.add (i64.extend_i32_u (local.get $count))
      (array.get $longs (local.get $primes) (i32.sub (local.get $count) (i32.const 1)))))
  (func (export "run") (param $rounds i32) (result i64) (local $tree (ref null $tree)) (local $sum i64)
    (loop $again
      (local.set $tree (call $build (i32.const 16)))
      (local.set $sum (i64.add (local.get $sum) (call $walk (ref.as_non_null (local.get $tree)))))
      (local.set $sum (i64.add (local.get $sum) (call $walk (ref.as_non_null (local.get $tree)))))
      (local.set $sum (i64.add (local.get $sum) (call $sieve (i32.const 1000000))))
      (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
      (br_if $again (local.get $rounds)))
    (local.get $sum)))
