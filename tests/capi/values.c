// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values of all kinds: copies, text.
#include "capi_test.h"

static int finalized;
static void finalize(void* info) { finalized += *(int*)info; }

static bool has_text(vitrine_val_t val, const char* expected)
{
    wasm_byte_vec_t text;
    CHECK(succeeds(vitrine_val_to_text(&val, &text)));
    return is_own_text(&text, expected);
}

static void test_text(void)
{
    CHECK(has_text(vitrine_val_i32(-3), "-3"));
    CHECK(has_text(vitrine_val_i64(INT64_MIN), "-9223372036854775808"));
    CHECK(has_text(vitrine_val_f32(0.1f), "0.1"));
    CHECK(has_text(vitrine_val_f64(1e300), "1e+300"));
    const uint8_t bytes[16] = { 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0 };
    const vitrine_val_t bits = vitrine_val_v128(bytes);
    CHECK(memcmp(bits.of.v128, bytes, 16) == 0);
    CHECK(has_text(bits, "i32x4 0x00000001 0x00000002 0x00000003 0x00000004"));
    CHECK(has_text(vitrine_val_ref(VITRINE_ANYREF, NULL), "null"));
    CHECK(has_text(vitrine_val_ref(VITRINE_EXNREF, NULL), "null"));
}

int main(void)
{
    test_text();
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_foreign_t* foreign = wasm_foreign_new(store);
    static int info = 1;
    wasm_foreign_set_host_info_with_finalizer(foreign, &info, finalize);

    vitrine_val_t val = vitrine_val_ref(WASM_EXTERNREF, wasm_foreign_as_ref(foreign)), copy;
    vitrine_val_copy(&copy, &val);
    CHECK(copy.kind == WASM_EXTERNREF && copy.of.ref != val.of.ref && wasm_ref_same(copy.of.ref, val.of.ref));
    wasm_byte_vec_t text;
    CHECK(succeeds(vitrine_val_to_text(&val, &text)));
    CHECK(memcmp(text.data, "extern 0x", 9) == 0);
    wasm_byte_vec_delete(&text);
    text.size = 77;
    val.kind = WASM_FUNCREF;
    CHECK(fails_with(vitrine_val_to_text(&val, &text), "the reference is no funcref"));
    val.kind = 77;
    CHECK(fails_with(vitrine_val_to_text(&val, &text), "there is no kind 77"));
    CHECK(text.size == 77);
    val.kind = WASM_EXTERNREF;
    vitrine_val_delete(&val);
    CHECK(!val.of.ref && finalized == 0);
    vitrine_val_delete(&copy);
    CHECK(finalized == 1);
    vitrine_val_delete(NULL);
    val = vitrine_val_i64(-1);
    vitrine_val_delete(&val);
    vitrine_val_vec_t none = { 0, NULL };
    vitrine_val_vec_delete(&none);
    vitrine_val_vec_delete(NULL);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
