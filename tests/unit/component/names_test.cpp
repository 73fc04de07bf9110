// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "component/names.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace vitrine::core::component::test {
namespace {

TEST(Names, LabelsAreWordsOfOneCase)
{
    for (const char* label : { "a", "foo", "foo-bar", "HTTP-get", "v2", "a-2", "a-2b-3C", "x-Y-z" })
        EXPECT_TRUE(is_label(label)) << label;
    for (const char* label :
        { "", "-", "a-", "-a", "a--b", "2a", "fooBar", "Foo", "a_b", "a.b", "a b", "\xc3\xa9" })
        EXPECT_FALSE(is_label(label)) << label;
}

TEST(Names, EachFormIsParsed)
{
    const struct {
        const char* text;
        NameKind kind;
        const char* resource;
        const char* function;
    } table[] = {
        { "foo-bar", NameKind::Label, "", "" },
        { "[constructor]foo", NameKind::Constructor, "foo", "" },
        { "[method]foo.bar", NameKind::Method, "foo", "bar" },
        { "[static]foo.bar", NameKind::Static, "foo", "bar" },
        { "wasi:http/types", NameKind::Interface, "", "" },
        { "wasi:http/types@0.2.1", NameKind::Interface, "", "" },
        { "unlocked-dep=<a:b>", NameKind::Dependency, "", "" },
        { "unlocked-dep=<a:b@*>", NameKind::Dependency, "", "" },
        { "unlocked-dep=<a:b/c@{>=1.0.0 <2.0.0}>", NameKind::Dependency, "", "" },
        { "locked-dep=<a:b@1.2.3>,integrity=<sha256-YQ==>", NameKind::Dependency, "", "" },
        { "url=<https://a>", NameKind::Url, "", "" },
        { "integrity=<sha512-abc sha384-ab/+?x>", NameKind::Hash, "", "" },
    };
    for (const auto& row : table) {
        const auto name = parse_name(row.text);
        ASSERT_TRUE(name) << row.text << ": " << name.error().message;
        EXPECT_EQ(name->kind, row.kind) << row.text;
        EXPECT_EQ(name->resource, row.resource) << row.text;
        EXPECT_EQ(name->function, row.function) << row.text;
    }
}

TEST(Names, OtherTextIsRefusedWithAReason)
{
    const struct {
        const char* text;
        const char* message;
    } table[] = {
        { "", "`` is not in kebab case" },
        { "fooBar", "`fooBar` is not in kebab case" },
        { "[method]foo", "failed to find `.` character" },
        { "[method]foo.bar.baz", "`bar.baz` is not in kebab case" },
        { "[constructor]", "`` is not in kebab case" },
        { "[unknown]foo", "`[unknown]foo` is not in kebab case" },
        { "a:b", "expected `/` after package name" },
        { "A:b/c", "character `A` is not lowercase in package name/namespace" },
        { "a:b/c/d", "trailing characters found: `/d`" },
        { "unlocked-dep=a:b", "expected `<` at `a:b`" },
        { "unlocked-dep=<a:b@{1.0.0}>", "expected `>=` or `<` at start of version range" },
        { "locked-dep=<a:b@1>", "unexpected end of input while parsing major version number" },
        { "url=<a<b>", "url cannot contain `<`" },
        { "integrity=<>", "integrity hash cannot be empty" },
        { "integrity=<md5-a>", "unrecognized hash algorithm: `md5-a`" },
        { "integrity=<sha256-a=b>", "not valid base64: `a=b`" },
    };
    for (const auto& row : table) {
        const auto name = parse_name(row.text);
        ASSERT_FALSE(name) << row.text;
        EXPECT_EQ(name.error().message, row.message) << row.text;
    }
}

/// The examples of the specification. The first list has only different names, and each name of the
/// second is equal to one of the first.
TEST(Names, StrongUniquenessIgnoresCaseAndSomeAnnotations)
{
    const auto form = [](std::string_view text) { return unique_form(text, *parse_name(text)); };
    const char* const different[] = { "foo", "foo-bar", "[constructor]foo", "[method]foo.bar",
        "[static]foo.baz", "foo:bar/baz" };
    std::vector<std::string> forms;
    for (const char* text : different) {
        EXPECT_EQ(std::ranges::count(forms, form(text)), 0) << text;
        forms.push_back(form(text));
    }
    for (const char* text : { "foo", "FOO", "foo-BAR", "[constructor]FOO", "[method]foo.BAR",
             "[static]foo.bar", "[method]foo.baz", "[method]foo.foo", "[static]foo-BAR.FOO-bar" })
        EXPECT_EQ(std::ranges::count(forms, form(text)), 1) << text;
}

TEST(Names, VersionsAreThoseOfSemanticVersioning)
{
    for (const char* version :
        { "0.0.0", "1.2.3", "1.0.0-rc.1", "1.0.0+20.01", "1.0.0-a-b.0+c", "18446744073709551615.0.0" })
        EXPECT_TRUE(check_version(version)) << version;
    for (const char* version : { "", "1", "1.2", "1.2.", "a.2.3", "01.2.3", "1.2.3.4", "1.2.3-", "1.2.3-a..b",
             "1.2.3-01", "1.2.3+", "18446744073709551616.0.0", "1.2.3 " })
        EXPECT_FALSE(check_version(version)) << version;
    for (const char* version : { "1", "12", "0.2", "0.0.3", "0.0.0" })
        EXPECT_TRUE(is_canonical_version(version)) << version;
    for (const char* version : { "", "0", "0.0", "1.2", "0.2.1", "0.0.0.1", "01" })
        EXPECT_FALSE(is_canonical_version(version)) << version;
}

} // namespace
} // namespace vitrine::core::component::test
