#include <mini_redis/reply_view.hpp>

#include <string>
#include <utility>
#include <vector>

namespace mini_redis {

// It recurses, as deep as the parser lets replies nest.
frame reply_view::to_frame() const {
    frame value;
    switch (type()) {
    case frame_type::null: break;
    case frame_type::integer:
    case frame_type::boolean: value = frame{type(), node().number}; break;
    case frame_type::real: value = frame{type(), as_real()}; break;
    case frame_type::array:
    case frame_type::map:
    case frame_type::set:
    case frame_type::push: {
        std::vector<frame> elements;
        elements.reserve(size());
        for (const reply_view element : *this)
            elements.push_back(element.to_frame());
        value = frame{type(), std::move(elements)};
        break;
    }
    default: value = frame{type(), std::string{stored()}};
    }
    if (first_ == index_) return value;
    std::vector<frame> attributes;
    for (std::size_t each = first_; each != index_; each = nodes_[each].end)
        for (iterator at{nodes_, each + 1, bytes_};
             at != iterator{nodes_, nodes_[each].end, bytes_}; ++at)
            attributes.push_back((*at).to_frame());
    if (!attributes.empty()) value.set_attributes(std::move(attributes));
    return value;
}

} // namespace mini_redis
