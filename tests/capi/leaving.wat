(component
  (import "wasi:cli/exit@0.2.0" (instance $cli (export "exit" (func (param "status" (result))))))
  (core func $exit (canon lower (func $cli "exit")))
  (core module $main
    (import "host" "exit" (func $exit (param i32)))
    (func (export "leave") (param i32) (call $exit (local.get 0))))
  (core instance $main (instantiate $main (with "host" (instance (export "exit" (func $exit))))))
  (func (export "leave") (param "failed" bool) (canon lift (core func $main "leave"))))
