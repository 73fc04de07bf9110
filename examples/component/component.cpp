// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An embedder of a component: defines functions and a resource type that it imports, calls its
// functions with C++ values and with text, and looks into its private memory and globals.
//   example_component calc.wasm
#include <vitrine/component.hpp>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Point {
    std::int32_t x, y;
    std::string label;
};

/// A resource of the host. Its destructor runs when the guest drops it.
struct Sink {
    explicit Sink(std::string name) : name(std::move(name)) {}
    ~Sink() { std::printf("%s is closed\n", name.c_str()); }
    Sink(const Sink&) = delete;

    void write(std::string_view text) const
    {
        std::printf("%s: %.*s\n", name.c_str(), static_cast<int>(text.size()), text.data());
    }

    std::string name;
};

/// What the component imports.
void define_log(vitrine::ComponentLinker& linker)
{
    const std::string log = "test:calc/host-log@0.1.0";
    linker.resource<Sink>(log, "sink")
        .define(log, "[constructor]sink",
            [](std::string name) { return vitrine::Own<Sink>::make(std::move(name)); })
        .define(log, "[method]sink.write", [](Sink& self, std::string_view text) { self.write(text); })
        .define(log, "log",
            [](std::uint8_t level, std::string_view text) -> vitrine::ComponentResult<void, std::string> {
                if (level > 5)
                    return vitrine::err("no such level");
                std::printf("[%d] %.*s\n", level, static_cast<int>(text.size()), text.data());
                return vitrine::ok();
            });
}

/// Calls with C++ types, which are checked once, and with values as text.
vitrine::Result<void> call(const vitrine::ComponentInstance& calc)
{
    const auto translate = calc.typed<Point(Point, std::int32_t, std::int32_t)>("translate");
    if (!translate)
        return translate.error();
    const auto moved = (*translate)({ 1, 2, "p" }, 10, 20);
    if (!moved)
        return moved.error();
    std::printf("%s: %d, %d\n", moved->label.c_str(), moved->x, moved->y);

    const auto sum = calc.func("test:calc/ops@0.1.0", "sum");
    if (!sum)
        return vitrine::Error("there is no sum");
    std::printf("sum: %s\n", sum->type().text.c_str());
    const auto numbers = vitrine::ComponentVal::parse(sum->type().params[0].type, "[1, 2, 3]");
    if (!numbers)
        return numbers.error();
    const auto answer = sum->call({ *numbers });
    if (!answer)
        return answer.error();
    std::printf("sum([1, 2, 3]) = %s\n", answer->to_text().c_str());

    const auto use_sink = calc.typed<void(std::string)>("use-sink");
    return use_sink ? (*use_sink)("diary") : use_sink.error();
}

/// Nothing of this is exported.
void look_inside(const vitrine::ComponentInstance& calc)
{
    for (const vitrine::CoreInstance& core : calc.debug_core_instances())
        std::printf("core instance %s: %zu functions\n", core.name.c_str(),
            core.instance.module().functions().size());
    const auto main = calc.debug_core_instance("main");
    std::string text(7, ' ');
    if (main && main->debug_memory(0)->read(16, std::as_writable_bytes(std::span(text))))
        std::printf("its memory at 16: \"%s\", its counter: %s\n", text.c_str(),
            main->debug_global(0)->get().to_text().c_str());
}

vitrine::Result<void> run(const char* path)
{
    const vitrine::Engine engine(vitrine::Config().guest_debug(true));
    const auto component = vitrine::Component::from_file(engine, path);
    if (!component)
        return component.error();
    vitrine::Store store(engine);
    vitrine::ComponentLinker linker(engine);
    define_log(linker);
    const auto calc = linker.instantiate(store, *component);
    if (!calc)
        return calc.error();
    if (auto called = call(*calc); !called)
        return called;
    look_inside(*calc);
    return {};
}

} // namespace

int main(int count, char** arguments)
{
    const auto done = run(count > 1 ? arguments[1] : "calc.wasm");
    if (!done)
        std::fprintf(stderr, "%s\n", done.error().to_text().c_str());
    return done ? 0 : 1;
}
