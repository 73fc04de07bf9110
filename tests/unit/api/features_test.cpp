// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which features an engine has.
#include "world.h"

namespace vitrine {
namespace {

using test::error_of;
using testing::HasSubstr;

std::string names_of(const Engine& engine)
{
    std::string names;
    for (const FeatureInfo& feature : features())
        if (engine.has_feature(feature.name))
            names += (names.empty() ? "" : " ") + std::string(feature.name);
    return names;
}

TEST(Features, AreListedWithTheirDefaults)
{
    const Engine engine;
    for (const FeatureInfo& feature : features()) {
        EXPECT_EQ(feature.name.data()[feature.name.size()], '\0');
        EXPECT_EQ(engine.has_feature(feature.name), feature.is_default) << feature.name;
    }
    EXPECT_TRUE(engine.has_feature("simd"));
    EXPECT_FALSE(engine.has_feature("wide-arithmetic"));
    EXPECT_FALSE(engine.has_feature("telepathy"));
}

TEST(Features, AreChosenByAList)
{
    EXPECT_EQ(names_of(Engine(Config().features("-all"))), "");
    EXPECT_EQ(names_of(Engine(Config().features("-all,mvp,simd"))), "mvp simd");
    EXPECT_EQ(
        names_of(Engine(Config().features("-all").feature("gc", true).features("mvp,-gc,gc"))), "mvp gc");
    EXPECT_EQ(names_of(Engine(Config().features(""))), names_of(Engine()));
    const Engine all(Config().features("all,-simd"));
    for (const FeatureInfo& feature : features())
        EXPECT_EQ(all.has_feature(feature.name), feature.name != "simd") << feature.name;
    const char* const simd = "(module (func (result v128) (v128.const i64x2 1 2)))";
    EXPECT_THAT(error_of(test::try_module(all, simd)), HasSubstr("simd is disabled"));
    EXPECT_TRUE(test::try_module(Engine(), simd));
}

TEST(Features, WithUnknownNamesAreRefused)
{
    EXPECT_THAT(error_of(Engine::create(Config().features("simd,telepathy"))),
        HasSubstr("unknown feature \"telepathy\"; expected all, mvp, "));
    EXPECT_THAT(error_of(Engine::create(Config().features("simd,"))), HasSubstr("unknown feature \"\""));
    EXPECT_EQ(error_of(Engine::create(Config().feature("all", true))), "there is no feature 'all'");
    EXPECT_EQ(error_of(Engine::create(Config().feature("simd,gc", true))), "there is no feature 'simd,gc'");
}

} // namespace
} // namespace vitrine
