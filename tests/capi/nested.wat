(component $app
  (component $inner
    (core module $counter
      (global $count (mut i32) (i32.const 5))
      (func $bump (export "bump") (param $by i32) (result i32)
        (global.set $count (i32.add (global.get $count) (local.get $by)))
        (global.get $count)))
    (core instance $main (instantiate $counter))
    (func (export "bump") (param "by" s32) (result s32) (canon lift (core func $main "bump"))))
  (instance $inner (instantiate $inner))
  (type $file (resource (rep i32)))
  (core func $new (canon resource.new $file))
  (core module $keeper
    (import "host" "new" (func $new (param i32) (result i32)))
    (func (export "keep") (drop (call $new (i32.const 7))))
    (func (export "fail") (unreachable)))
  (core instance $keeper (instantiate $keeper (with "host" (instance (export "new" (func $new))))))
  (func (export "keep") (canon lift (core func $keeper "keep")))
  (func (export "fail") (canon lift (core func $keeper "fail")))
  (export "bump" (func $inner "bump")))
