#include "lib/spool/segment.hpp"
