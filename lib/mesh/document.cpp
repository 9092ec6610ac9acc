#include "lib/mesh/document.hpp"
