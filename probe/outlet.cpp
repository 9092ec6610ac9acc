#include "probe/outlet.hpp"

#include <algorithm>

namespace meshprobe {

Destination destination_of(const Archive& archive, const Config& config) {
    Destination destination{
        .archive = archive.name, .format = archive.format, .transform = archive.transform};
    const auto program = config.transforms.find(archive.transform);
    if (program != config.transforms.end()) destination.program = program->second;
    return destination;
}

std::vector<Outlet> outlets_for(const std::vector<Destination>& destinations, const std::string& jq_helper) {
    std::vector<Outlet> outlets;
    for (std::size_t place = 0; place < destinations.size(); ++place) {
        const auto& destination = destinations[place];
        auto outlet = std::ranges::find(outlets, destination.format, &Outlet::format);
        if (outlet == outlets.end()) outlet = outlets.insert(outlet, Outlet{destination.format, {}});
        auto& deliveries = outlet->deliveries;
        auto delivery =
            std::ranges::find(deliveries, destination.transform, &Outlet::Delivery::transform_name);
        if (delivery == deliveries.end()) {
            delivery = deliveries.insert(delivery, Outlet::Delivery{destination.transform, std::nullopt, {}});
            if (destination.program) delivery->transform.emplace(*destination.program, jq_helper);
        }
        delivery->archives.push_back(place);
    }
    return outlets;
}

} // namespace meshprobe
