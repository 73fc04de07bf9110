/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The module `vitrine._call`: what must be fast or must not be in Python. It converts values, calls
 * functions of the guest, and interrupts the guest when the user presses Ctrl-C. Everything else is
 * Python over `vitrine._c`, which is in the same shared object.
 */
#ifndef _GNU_SOURCE
#  define _GNU_SOURCE
#endif
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030A0000
#include <Python.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <vitrine.h>

#include "guest.h"

/* ---------------------------------------------------------------------------------------------- *
 * Ctrl-C
 * ---------------------------------------------------------------------------------------------- */

/* Python's handler of SIGINT only sets a flag, which Python looks at between two of its instructions.
 * A guest does not return to Python for that. So a handler in front of Python's also interrupts the
 * guest that the main thread runs. */
static _Atomic(const vitrine_interrupter_t*) running;
static struct sigaction former;
static _Thread_local int on_main_thread = -1;

static void on_sigint(int number, siginfo_t* info, void* context)
{
    static volatile sig_atomic_t is_active;
    if (is_active)
        return;
    is_active = 1;
    if (former.sa_flags & SA_SIGINFO)
        former.sa_sigaction(number, info, context);
    else
        former.sa_handler(number);
    const vitrine_interrupter_t* interrupter = atomic_load(&running);
    if (interrupter)
        vitrine_interrupter_interrupt(interrupter);
    is_active = 0;
}

/* Puts `on_sigint` in front of the present handler. Programs may have replaced it since the last call, as
 * notebooks do for each cell. They do so at most every few milliseconds, so this looks no more often. */
static void watch_sigint(void)
{
    static struct timespec last;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (now.tv_sec == last.tv_sec && now.tv_nsec == last.tv_nsec)
        return;
    last = now;
    struct sigaction present;
    if (sigaction(SIGINT, NULL, &present) != 0)
        return;
    if (!(present.sa_flags & SA_SIGINFO) && (present.sa_handler == SIG_DFL || present.sa_handler == SIG_IGN))
        return;
    if ((present.sa_flags & SA_SIGINFO) && present.sa_sigaction == on_sigint)
        return;
    former = present;
    present.sa_sigaction = on_sigint;
    present.sa_flags |= SA_SIGINFO;
    sigaction(SIGINT, &present, NULL);
}

/* What ran before a call, for `leave`. */
typedef struct {
    const vitrine_interrupter_t* interrupter;
    unsigned long thread;
} Before;

/* The guest runs from now on. Fails if another thread has called it, unless this one controls it by a
 * session, which stops it within calls. */
static int enter(vitrine_py_guest_t* guest, bool controls, Before* before)
{
    const unsigned long thread = PyThread_get_thread_ident();
    if (guest->calls != 0 && guest->thread != thread && !controls) {
        PyErr_SetString(PyExc_RuntimeError, "another thread runs the guest of this store");
        return -1;
    }
    if (on_main_thread < 0)
        on_main_thread = gettid() == getpid();
    *before = (Before) { NULL, controls ? thread : guest->thread };
    ++guest->calls;
    guest->thread = thread;
    if (on_main_thread) {
        watch_sigint();
        before->interrupter = atomic_exchange_explicit(&running, guest->interrupter, memory_order_relaxed);
    }
    return 0;
}

static void leave(vitrine_py_guest_t* guest, const Before* before)
{
    --guest->calls;
    guest->thread = before->thread;
    if (on_main_thread)
        atomic_store_explicit(&running, before->interrupter, memory_order_relaxed);
}

/* Calls a function that runs a guest. Python code between `enter` and `leave` could raise. */
static PyObject* py_run(PyObject* module, PyObject* args)
{
    (void)module;
    unsigned long long address;
    PyObject *function, *tuple;
    int controls;
    if (!PyArg_ParseTuple(args, "KpOO", &address, &controls, &function, &tuple))
        return NULL;
    vitrine_py_guest_t* guest = (vitrine_py_guest_t*)(uintptr_t)address;
    Before before;
    if (enter(guest, controls, &before) < 0)
        return NULL;
    PyObject* result = PyObject_CallObject(function, tuple);
    leave(guest, &before);
    return result;
}

/* ---------------------------------------------------------------------------------------------- *
 * Values
 * ---------------------------------------------------------------------------------------------- */

/* Python functions for references: (object, kind) -> address of an owned `wasm_ref_t`, and the reverse. */
typedef struct {
    PyObject* to_ref;
    PyObject* from_ref;
} Refs;

static int int_to_val(PyObject* object, vitrine_val_t* out)
{
    PyObject* number = PyNumber_Index(object);
    if (!number)
        return -1;
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
    if (overflow > 0 && out->kind == WASM_I64) {
        value = (long long)PyLong_AsUnsignedLongLong(number);
        overflow = 0;
        if (PyErr_Occurred()) {
            PyErr_Clear();
            overflow = 1;
        }
    }
    Py_DECREF(number);
    if (overflow || (out->kind == WASM_I32 && (value < INT32_MIN || value > UINT32_MAX))) {
        PyErr_Format(
            PyExc_OverflowError, "%R does not fit into an %s", object, out->kind == WASM_I32 ? "i32" : "i64");
        return -1;
    }
    if (out->kind == WASM_I32)
        out->of.i32 = (int32_t)(uint32_t)value;
    else
        out->of.i64 = value;
    return 0;
}

/* Sets `out` to an object as a value of this kind. */
static int to_val(const Refs* refs, PyObject* object, wasm_valkind_t kind, vitrine_val_t* out)
{
    memset(out, 0, sizeof *out);
    out->kind = kind;
    switch (kind) {
    case WASM_I32:
    case WASM_I64: return int_to_val(object, out);
    case WASM_F32:
    case WASM_F64: {
        const double value = PyFloat_AsDouble(object);
        if (value == -1.0 && PyErr_Occurred())
            return -1;
        if (kind == WASM_F32)
            out->of.f32 = (float)value;
        else
            out->of.f64 = value;
        return 0;
    }
    case VITRINE_V128: {
        char* bytes;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(object, &bytes, &size) < 0)
            return -1;
        if (size != 16) {
            PyErr_Format(PyExc_ValueError, "a v128 has 16 bytes, not %zd", size);
            return -1;
        }
        memcpy(out->of.v128, bytes, 16);
        return 0;
    }
    default: {
        if (object == Py_None)
            return 0;
        PyObject* address = PyObject_CallFunction(refs->to_ref, "Oi", object, (int)kind);
        if (!address)
            return -1;
        out->of.ref = PyLong_AsVoidPtr(address);
        Py_DECREF(address);
        return PyErr_Occurred() ? -1 : 0;
    }
    }
}

/* The value as an object. Takes the reference in it, and leaves a null one. */
static PyObject* from_val(const Refs* refs, vitrine_val_t* value)
{
    switch (value->kind) {
    case WASM_I32: return PyLong_FromLong(value->of.i32);
    case WASM_I64: return PyLong_FromLongLong(value->of.i64);
    case WASM_F32: return PyFloat_FromDouble(value->of.f32);
    case WASM_F64: return PyFloat_FromDouble(value->of.f64);
    case VITRINE_V128: return PyBytes_FromStringAndSize((const char*)value->of.v128, 16);
    default: {
        if (!value->of.ref)
            Py_RETURN_NONE;
        void* ref = value->of.ref;
        value->of.ref = NULL;
        return PyObject_CallFunction(
            refs->from_ref, "Ki", (unsigned long long)(uintptr_t)ref, (int)value->kind);
    }
    }
}

static void delete_vals(vitrine_val_t* values, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        if (values[i].kind >= WASM_EXTERNREF)
            vitrine_val_delete(&values[i]);
}

/* Values as a tuple. They are deleted in any case. */
static PyObject* tuple_of(const Refs* refs, vitrine_val_t* values, size_t count)
{
    PyObject* tuple = PyTuple_New((Py_ssize_t)count);
    for (size_t i = 0; tuple && i < count; ++i) {
        PyObject* item = from_val(refs, &values[i]);
        if (!item || PyTuple_SetItem(tuple, (Py_ssize_t)i, item) < 0) {
            Py_CLEAR(tuple);
        }
    }
    delete_vals(values, count);
    return tuple;
}

/* ---------------------------------------------------------------------------------------------- *
 * Calls
 * ---------------------------------------------------------------------------------------------- */

/* How many values fit on the stack. Signatures with more use the heap. */
enum { few = 16 };

typedef struct {
    Refs refs;
    const wasm_func_t* func;
    vitrine_py_guest_t* guest;
    PyObject* failed; /* raises what an error at an address says */
    Py_ssize_t param_count;
    Py_ssize_t result_count;
    wasm_valkind_t params[]; /* then the results */
} Plan;

static void delete_plan(PyObject* capsule)
{
    Plan* plan = PyCapsule_GetPointer(capsule, NULL);
    Py_DECREF(plan->refs.to_ref);
    Py_DECREF(plan->refs.from_ref);
    Py_DECREF(plan->failed);
    PyMem_Free(plan);
}

static PyObject* call_with(
    const Plan* plan, PyObject* const* args, Py_ssize_t count, vitrine_val_t* values, vitrine_val_t* results)
{
    for (Py_ssize_t i = 0; i < count; ++i)
        if (to_val(&plan->refs, args[i], plan->params[i], &values[i]) < 0) {
            delete_vals(values, (size_t)i);
            return NULL;
        }
    Before before;
    if (enter(plan->guest, false, &before) < 0) {
        delete_vals(values, (size_t)count);
        return NULL;
    }
    vitrine_error_t* error;
    Py_BEGIN_ALLOW_THREADS error =
        vitrine_func_call(plan->func, values, (size_t)count, results, (size_t)plan->result_count);
    Py_END_ALLOW_THREADS leave(plan->guest, &before);
    delete_vals(values, (size_t)count);
    if (error && PyErr_CheckSignals() < 0) {
        vitrine_error_delete(error); /* KeyboardInterrupt says why the guest was interrupted */
        return NULL;
    }
    if (error)
        return PyObject_CallFunction(plan->failed, "K", (unsigned long long)(uintptr_t)error);
    if (plan->result_count == 0)
        Py_RETURN_NONE;
    if (plan->result_count == 1) {
        PyObject* result = from_val(&plan->refs, results);
        delete_vals(results, 1);
        return result;
    }
    return tuple_of(&plan->refs, results, (size_t)plan->result_count);
}

static PyObject* call(PyObject* capsule, PyObject* const* args, Py_ssize_t count)
{
    const Plan* plan = PyCapsule_GetPointer(capsule, NULL);
    if (count != plan->param_count)
        return PyErr_Format(PyExc_TypeError, "the function takes %zd argument%s, not %zd", plan->param_count,
            plan->param_count == 1 ? "" : "s", count);
    if (count <= few && plan->result_count <= few) {
        vitrine_val_t values[few], results[few];
        return call_with(plan, args, count, values, results);
    }
    vitrine_val_t* values = PyMem_Malloc((size_t)(count + plan->result_count) * sizeof *values);
    if (!values)
        return PyErr_NoMemory();
    PyObject* result = call_with(plan, args, count, values, values + count);
    PyMem_Free(values);
    return result;
}

static PyMethodDef call_method = { "call", (PyCFunction)(void (*)(void))call, METH_FASTCALL, NULL };

static PyObject* py_function(PyObject* module, PyObject* args)
{
    (void)module;
    unsigned long long func, guest;
    const char *params, *results;
    Py_ssize_t param_count, result_count;
    PyObject *to_ref, *from_ref, *failed;
    if (!PyArg_ParseTuple(args, "KKy#y#OOO", &func, &guest, &params, &param_count, &results, &result_count,
            &to_ref, &from_ref, &failed))
        return NULL;
    Plan* plan = PyMem_Malloc(sizeof(Plan) + (size_t)(param_count + result_count));
    if (!plan)
        return PyErr_NoMemory();
    *plan = (Plan) { { Py_NewRef(to_ref), Py_NewRef(from_ref) }, (const wasm_func_t*)(uintptr_t)func,
        (vitrine_py_guest_t*)(uintptr_t)guest, Py_NewRef(failed), param_count, result_count };
    memcpy(plan->params, params, (size_t)param_count);
    memcpy(plan->params + param_count, results, (size_t)result_count);
    PyObject* capsule = PyCapsule_New(plan, NULL, delete_plan);
    if (!capsule) {
        PyMem_Free(plan);
        return NULL;
    }
    PyObject* function = PyCFunction_NewEx(&call_method, capsule, NULL);
    Py_DECREF(capsule);
    return function;
}

static PyObject* py_to_val(PyObject* module, PyObject* args)
{
    (void)module;
    unsigned long long address;
    int kind;
    PyObject *object, *to_ref;
    if (!PyArg_ParseTuple(args, "KiOO", &address, &kind, &object, &to_ref))
        return NULL;
    const Refs refs = { to_ref, NULL };
    if (to_val(&refs, object, (wasm_valkind_t)kind, (vitrine_val_t*)(uintptr_t)address) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject* py_from_vals(PyObject* module, PyObject* args)
{
    (void)module;
    unsigned long long address;
    Py_ssize_t count;
    PyObject* from_ref;
    if (!PyArg_ParseTuple(args, "KnO", &address, &count, &from_ref))
        return NULL;
    const Refs refs = { NULL, from_ref };
    return tuple_of(&refs, (vitrine_val_t*)(uintptr_t)address, (size_t)count);
}

static PyMethodDef methods[] = {
    { "function", py_function, METH_VARARGS,
        "function(func, guest, params, results, to_ref, from_ref, failed): a callable for a function "
        "of the guest." },
    { "to_val", py_to_val, METH_VARARGS, "to_val(address, kind, object, to_ref): sets a vitrine_val_t." },
    { "from_vals", py_from_vals, METH_VARARGS,
        "from_vals(address, count, from_ref): a tuple of the values, which are deleted." },
    { "run", py_run, METH_VARARGS,
        "run(guest, controls, function, args): calls a function that runs the guest, which Ctrl-C then "
        "interrupts." },
    { NULL, NULL, 0, NULL },
};

static struct PyModuleDef definition = { PyModuleDef_HEAD_INIT, "vitrine._call", NULL, 0, methods, NULL, NULL,
    NULL, NULL };

__attribute__((visibility("default"))) PyObject* PyInit__call(void) { return PyModule_Create(&definition); }
