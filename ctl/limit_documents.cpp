#include "ctl/limit_documents.hpp"

#include "probe/limit/pscheduler/document.hpp"
#include "probe/limit/pscheduler/outside.hpp"

#include <algorithm>
#include <iterator>

namespace meshprobe {

CheckedDocument check_limit_document(const Paths& paths, std::string_view text) {
    auto found = pscheduler::read_limit_document(text).found;
    auto proved = pscheduler::prove(found, pscheduler::outside_world(paths));
    CheckedDocument checked{std::move(found.problems), std::move(found.remarks)};
    if (proved) {
        std::ranges::move(*proved, std::back_inserter(checked.problems));
    } else {
        checked.problems.push_back({"", proved.error().message});
    }
    return checked;
}

} // namespace meshprobe
