;; Exceptions that are caught in loops: code continues where they are caught, with all locals and the
;; operands below.
(module
  (tag $none)
  (tag $number (param i32))
  (tag $many (param i32 i64 f64 v128))
  (func $throw (param i32)
    (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 3))) (then (throw $none)))
    (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 5))) (then (throw $number (local.get 0))))
    (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 7)))
      (then (throw $many (local.get 0) (i64.const 3) (f64.const 0.5) (v128.const i64x2 8 9)))))

  ;; A clause of each kind, in a loop that has locals in registers and an operand below.
  (func (export "clauses") (param $n i32) (result i64)
    (local $i i32) (local $a i64) (local $b f64) (local $c i32) (local $caught exnref)
    (local.set $b (f64.const 1))
    (local.set $i (i32.const 1))
    (loop $again
      (i64.extend_i32_u (local.get $i))
      (block $end
        (block $on_none
          (block $on_number (result i32)
            (block $on_many (result i32 i64 f64 v128 exnref)
              (try_table (catch $none $on_none) (catch $number $on_number) (catch_ref $many $on_many)
                (local.set $c (i32.add (local.get $c) (i32.const 1)))
                (call $throw (local.get $i))
                (local.set $a (i64.add (local.get $a) (i64.const 1))))
              (br $end))
            (local.set $caught)
            (i64x2.extract_lane 1)
            (local.set $a (i64.add (local.get $a)))
            (local.set $b (f64.add (local.get $b)))
            (local.set $a (i64.add (local.get $a)))
            (br $on_number))
          (local.set $c (i32.add (local.get $c)))
          (br $end))
        (local.set $b (f64.add (local.get $b) (f64.const 2))))
      (local.set $a (i64.add (local.get $a)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.le_u (local.get $i) (local.get $n))))
    (i64.add (local.get $a) (i64.add (i64.trunc_f64_s (f64.mul (local.get $b) (f64.const 1000)))
      (i64.add (i64.extend_i32_u (local.get $c)) (i64.extend_i32_u (ref.is_null (local.get $caught)))))))

  ;; The label of a loop, with a parameter, and the body itself.
  (func (export "loop") (param $n i32) (result i32) (local $sum i32)
    (local.get $n)
    (loop $again (param i32)
      (local.set $n)
      (local.set $sum (i32.add (local.get $sum) (local.get $n)))
      (if (i32.eqz (local.get $n)) (then (return (local.get $sum))))
      (try_table (catch $number $again)
        (throw $number (i32.sub (local.get $n) (i32.const 1)))))
    (unreachable))
  (func $to_body (param i32) (result i32)
    (try_table (result i32) (catch $number 0)
      (call $throw (local.get 0))
      (i32.const 1000)))
  (func (export "to_body") (param i32) (result i32) (local $sum i32)
    (loop $again
      (if (i32.rem_u (local.get 0) (i32.const 3))
        (then (if (i32.rem_u (local.get 0) (i32.const 7))
          (then (local.set $sum (i32.add (local.get $sum) (call $to_body (local.get 0))))))))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if $again (local.get 0)))
    (local.get $sum))
  (func $many_to_body (param i32) (result i32 i64 f64 v128)
    (try_table (result i32 i64 f64 v128) (catch $many 0)
      (call $throw (local.get 0))
      (i32.const 1) (i64.const 2) (f64.const 3) (v128.const i64x2 4 5)))
  (func (export "many_to_body") (param i32) (result i32 i64 f64 i64)
    (local v128)
    (call $many_to_body (local.get 0))
    (local.set 1)
    (i64x2.extract_lane 1 (local.get 1)))

  ;; Through frames that catch something else, and thrown again.
  (func $deep (param $depth i32) (param $what i32) (result i32) (local $kept exnref)
    (if (i32.eqz (local.get $depth)) (then (call $throw (local.get $what)) (return (i32.const 0))))
    (block $all (result exnref)
      (return (try_table (result i32) (catch_all_ref $all)
        (i32.add (i32.const 1)
          (call $deep (i32.sub (local.get $depth) (i32.const 1)) (local.get $what))))))
    (local.set $kept)
    (if (i32.and (local.get $depth) (i32.const 1)) (then (throw_ref (local.get $kept))))
    (throw_ref (local.get $kept)))
  (func (export "deep") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (block $end
        (block $all
          (block $number (result i32)
            (try_table (catch $number $number) (catch_all $all)
              (local.set $sum (i32.add (local.get $sum) (call $deep (i32.const 6) (local.get $n)))))
            (br $end))
          (local.set $sum (i32.add (local.get $sum)))
          (br $end))
        (local.set $sum (i32.add (local.get $sum) (i32.const 1000))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))
    (local.get $sum))

  ;; The labels of an `if` and of other blocks that catch, and clauses that drop operands.
  (func (export "labels") (param $n i32) (result i32) (local $sum i32) (local $k i32)
    (loop $again
      (local.set $k (i32.and (local.get $n) (i32.const 3)))
      (if $if (i32.eqz (local.get $k))
        (then
          (try_table (catch_all $if) (call $throw (local.get $n)))
          (local.set $sum (i32.add (local.get $sum) (i32.const 1))))
        (else
          (i32.const 100)
          (i32.const 200)
          (try_table (catch_all $if) (call $throw (local.get $n)))
          (i32.add)
          (local.set $sum (i32.add (local.get $sum)))))
      (local.set $sum (i32.add (local.get $sum)
        (if $value (result i32) (i32.eq (local.get $k) (i32.const 1))
          (then
            (i32.const 7)
            (block $low
              (try_table (result i32) (catch $number $value)
                (try_table (result i32) (catch $none $low)
                  (call $throw (i32.mul (local.get $n) (i32.const 5)))
                  (i32.const 30)))
              (local.set $sum (i32.add (local.get $sum))))
            (i32.const 2)
            (i32.add))
          (else (i32.const 3)))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))
    (local.get $sum))

  ;; What traps is not caught.
  (func (export "trap") (param $n i32) (result i32)
    (loop $again (result i32)
      (block $all
        (try_table (catch_all $all)
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (drop (i32.div_u (i32.const 5) (local.get $n)))
          (throw $none)))
      (br $again)))
  (func (export "uncaught") (param $n i32) (result i32)
    (loop $again (result i32)
      (block $number (result i32)
        (try_table (catch $number $number)
          (call $throw (local.get $n)))
        (local.get $n))
      (drop)
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $again))))

(assert_return (invoke "clauses" (i32.const 1000)) (i64.const 1313102))
(assert_return (invoke "loop" (i32.const 1000)) (i32.const 500500))
(assert_return (invoke "to_body" (i32.const 1000)) (i32.const 514850))
(assert_return (invoke "many_to_body" (i32.const 14)) (i32.const 14) (i64.const 3) (f64.const 0.5) (i64.const 9))
(assert_return (invoke "many_to_body" (i32.const 2)) (i32.const 1) (i64.const 2) (f64.const 3) (i64.const 5))
(assert_return (invoke "deep" (i32.const 1000)) (i32.const 479077))
(assert_return (invoke "labels" (i32.const 1000)) (i32.const 521846))
(assert_trap (invoke "trap" (i32.const 100)) "integer divide by zero")
(assert_exception (invoke "uncaught" (i32.const 101)))

;; The older form.
(module
  (tag $none)
  (tag $number (param i32))
  (func $throw (param i32)
    (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 3))) (then (throw $none)))
    (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 5))) (then (throw $number (local.get 0)))))
  (func (export "catch") (param $n i32) (result i64) (local $a i64) (local $b i64)
    loop $again
      local.get $b
      try (result i64)
        local.get $n
        call $throw
        i64.const 1
      catch $number
        i64.extend_i32_u
      catch_all
        (local.set $a (i64.add (local.get $a) (i64.const 1)))
        i64.const 100
      end
      i64.add
      local.set $b
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n))
    end
    (i64.add (i64.mul (local.get $a) (i64.const 1000000)) (local.get $b)))
  (func $rethrow (param i32) (result i32)
    try $outer (result i32)
      try
        local.get 0
        call $throw
      delegate $outer
      i32.const 1
    catch $number
      drop
      try (result i32)
        throw $none
      catch_all
        rethrow 1
      end
    end)
  (func (export "rethrow") (param $n i32) (result i32) (local $sum i32)
    loop $again
      try
        (local.set $sum (i32.add (local.get $sum) (call $rethrow (local.get $n))))
      catch $number
        local.get $sum
        i32.add
        local.set $sum
      catch_all
        (local.set $sum (i32.add (local.get $sum) (i32.const 5)))
      end
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n))
    end
    local.get $sum))

(assert_return (invoke "catch" (i32.const 1000)) (i64.const 333101168))
(assert_return (invoke "rethrow" (i32.const 1000)) (i32.const 69533))
