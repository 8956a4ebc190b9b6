#include "commands/owned_words.hpp"

#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using mini_redis::owned_words;

TEST_CASE("owned words outlive what they were copied from, and their own moves") {
    const std::vector<std::string_view> expected{"SET", "", std::string_view{"a\0b", 3}, "value"};
    std::vector<owned_words> all;
    for (int i = 0; i < 20; ++i) { // the vector grows, which moves them
        std::string text = "SETa_bvalue";
        text[4] = '\0';
        const std::string_view view = text;
        const std::vector words{view.substr(0, 3), view.substr(3, 0), view.substr(3, 3),
                                view.substr(6)};
        all.emplace_back(words);
        text.assign(text.size(), '#');
    }
    const owned_words last = std::move(all.back());
    all.pop_back();
    for (const owned_words& each : all)
        CHECK(std::vector(each.words().begin(), each.words().end()) == expected);
    CHECK(std::vector(last.words().begin(), last.words().end()) == expected);
    CHECK(last.memory() >= 11 + 4 * sizeof(std::string_view));
}

TEST_CASE("no words are words, too") {
    const owned_words none{{}};
    CHECK(none.words().empty());
}
