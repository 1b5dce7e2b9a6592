"""The invented cohort as plain Python data, the same on every machine: seeded, no clock, no dictionary order."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

SEED = 20260302
TRAINEES = 300
WEEKS = 31
FIRST_MONDAY = date(2026, 3, 2)
ENROLLED_UNTIL = date(2026, 10, 31)
PROCESS_DATE = date(2026, 6, 20)
OUTCOME_DATE = date(2026, 10, 12)
PROCESS_WEEKS = 15  # the process evaluation covers weeks 1-15, the outcome evaluation the others
HOLIDAYS = frozenset(
    map(
        date.fromisoformat,
        (
            "2026-04-06",
            "2026-05-01",
            "2026-05-04",
            "2026-05-05",
            "2026-06-19",
            "2026-09-25",
            "2026-10-01",
            "2026-10-02",
        ),
    )
)
REQUIRED_MINUTES = 240 * 60

STANDARD = "SNAD"
VERSION = "2026.1"
ELEMENTARY, INTERMEDIATE = "SNAD-E", "SNAD-M"
CLASSES = 8
ELEMENTARY_CLASSES = 5  # classes 1-5 are in their fifth semester, 6-8 in their seventh


@dataclass(frozen=True)
class Firm:
    """An enterprise of the chain; shift is its usual day with the break in minutes."""

    did: str
    zh: str
    en: str
    role: str
    register_number: str
    trainees: int
    shift: str
    projects: tuple[str, ...]


SCHOOL = (
    "did:web:zqdc.example",
    "肇庆示例职业学院",
    "Zhaoqing Demo Vocational College",
    "91441200SAMPLE0001",
)
FIRMS = (
    Firm(
        "did:web:yuewan-sensing.example", "粤湾传感（示例）股份有限公司", "Yuewan Sensing (Sample) Co., Ltd.", "链主",
        "91441200SAMPLE0002", 120, "08:30-17:30(60)",
        ("冷链仓储温湿度监测", "车间设备振动采集", "园区能耗计量改造", "泵站水位远程监控", "模组出厂校准线", "网关固件回归测试"),
    ),
    Firm(
        "did:web:duanzhou-iot.example", "端州物联设备（示例）有限公司", "Duanzhou IoT Devices (Sample) Ltd.", "链员",
        "91441200SAMPLE0003", 100, "08:00-17:00(60)",
        ("大棚环境控制器装配", "井盖位移报警终端", "远程水表联网调试", "仓库门磁布设", "手持读写器检测", "无线节点低功耗测试"),
    ),
    Firm(
        "did:web:xinghu-electronics.example", "星湖电子制造（示例）有限公司", "Xinghu Electronics Manufacturing (Sample) Ltd.",
        "链员", "91441200SAMPLE0004", 80, "09:00-18:00(60)",
        ("总线采集板测试", "传感器灌封与老化", "产线看板数据接入", "治具改造与验证", "成品抽检", "返修件故障定位"),
    ),
)  # fmt: skip

# What the two levels ask for, in our own words: fields of Table 3 of the paper on position, course, competition and
# certificate. (number, level, zh, en, content zh, content en, minutes)
ITEMS = (
    ("SNAD-E-01", ELEMENTARY, "照接线图连好采集设备，通电前后各查一遍", "Connects acquisition devices from a wiring diagram and checks them before and after power-on", "模拟量采集", "Analogue acquisition", 320),
    ("SNAD-E-02", ELEMENTARY, "读取数字量与开关量信号并判断读数是否合理", "Reads digital and switch signals and judges whether the readings make sense", "数字量与开关量采集", "Digital and switch acquisition", 320),
    ("SNAD-E-03", ELEMENTARY, "搭建现场总线并让各设备互相通信", "Builds a field bus and gets its devices to talk to each other", "有线组网通信", "Wired networking", 320),
    ("SNAD-E-04", ELEMENTARY, "安装并调通近距离无线节点", "Installs short-range wireless nodes and brings them into service", "短距离无线通信", "Short-range wireless", 320),
    ("SNAD-E-05", ELEMENTARY, "让低功耗窄带终端入网并按时上报", "Brings low-power narrowband terminals onto the network so that they report on time", "低功耗窄带组网", "Low-power narrowband networking", 320),
    ("SNAD-E-06", ELEMENTARY, "按检验单完成样机检查和测试记录", "Inspects and tests a prototype from the checklist and keeps the record", "样机检测", "Prototype testing", 320),
    ("SNAD-M-01", INTERMEDIATE, "查阅数据手册，为传感器编写采集程序", "Writes acquisition code for a sensor from its data sheet", "传感器技术", "Sensor technology", 480),
    ("SNAD-M-02", INTERMEDIATE, "编写无线传感网节点程序并验证功能", "Codes nodes of a wireless sensor network and verifies their function", "无线传感网技术", "Wireless sensor networks", 480),
    ("SNAD-M-03", INTERMEDIATE, "实现射频标签的读写与防冲突处理", "Implements reading and writing of radio tags, collisions included", "射频识别技术", "RFID", 480),
    ("SNAD-M-04", INTERMEDIATE, "开发窄带物联网终端的上报与休眠", "Develops reporting and sleep of an NB-IoT terminal", "窄带物联网技术", "NB-IoT", 480),
    ("SNAD-M-05", INTERMEDIATE, "开发远距离低速无线链路并测出覆盖范围", "Develops a LoRa link and measures its coverage", "远距离无线技术", "LoRa", 480),
    ("SNAD-M-06", INTERMEDIATE, "在网关上完成协议转换与断线续传", "Converts protocols on a gateway and resumes after a broken line", "物联网网关应用", "IoT gateways", 480),
    ("SNAD-M-07", INTERMEDIATE, "依据开发指南把终端、网关和应用联调成系统", "Brings terminal, gateway and application together as a system from the development guide", "物联网应用开发", "IoT application development", 480),
)  # fmt: skip

# Names that systems tend to break: rare characters (some beyond the basic plane), middle dots, length, other scripts.
SPECIAL_NAMES = (
    "李㛃", "𠮷田雨", "龚䶮", "𬭚𬭛", "王喆", "欧阳𫍯", "司马㻇安", "夏侯𡎚",
    "阿依古丽·买买提", "古丽努尔·阿卜杜热合曼", "巴特尔·苏合", "扎西次仁·旺堆", "迪丽娜尔·艾尔肯·吐尔逊江",
    "阿卜杜拉·穆罕默德伊明·麦麦提图尔荪托合提", "José Ångström-O'Neill", "Nguyễn Thị Ánh Tuyết", "Анна Смирнова",
)  # fmt: skip
_SURNAMES = "陈黄李梁林刘张吴谢罗郑邓何叶钟潘卢苏冯曾蔡杜温莫冼邝关伍余麦区岑简谭黎霍招容"
_GIVEN = "嘉俊伟颖婷浩然子轩欣怡志强晓彤文杰雅雯家豪思琪国栋静宜梓晴泽宇诗雨建华海燕明辉秋月少峰慧敏永康艺涵"
HALF_DAY = "13:30-17:30"


@dataclass(frozen=True)
class Trainee:
    """One trainee. ``days`` are the weekdays (Monday 0) of the full day and of the half day in the firm."""

    index: int
    number: str
    name: str
    group: int
    level: str
    firm: Firm
    mentor: str
    teacher: str
    days: tuple[int, int]

    @property
    def items(self) -> list[str]:
        """The standard's items of the trainee's level."""
        return [item[0] for item in ITEMS if item[1] == self.level]


def trainees() -> list[Trainee]:
    """The cohort, by student number."""
    dice = random.Random(SEED)
    firms = [firm for firm in FIRMS for _ in range(firm.trainees)]
    dice.shuffle(firms)
    names = _names(dice)
    places = [0] * len(FIRMS)
    found = []
    for index in range(TRAINEES):
        group = index * CLASSES // TRAINEES + 1
        firm = firms[index]
        position = FIRMS.index(firm)
        mentor = f"M-{position + 1}{places[position] // 5 + 1:02}"  # one mentor, five trainees
        places[position] += 1
        level = ELEMENTARY if group <= ELEMENTARY_CLASSES else INTERMEDIATE
        days = ((group - 1) % 5, (group + 1) % 5)
        teacher = f"T-{(index % 12) + 1:02}"
        number = f"{2023 if level == ELEMENTARY else 2022}06{group:02}{index % 100:02}{index // 100}"
        found.append(Trainee(index, number, names[index], group, level, firm, mentor, teacher, days))
    return found


def _names(dice: random.Random) -> list[str]:
    names: dict[str, None] = {}
    while len(names) < TRAINEES - len(SPECIAL_NAMES):
        names[dice.choice(_SURNAMES) + "".join(dice.sample(_GIVEN, dice.choice((1, 2, 2, 2))))] = None
    listed = list(names)
    step = TRAINEES // len(SPECIAL_NAMES)
    for place, name in enumerate(SPECIAL_NAMES):
        listed.insert(place * step, name)
    return listed


@dataclass(frozen=True)
class Week:
    """One row of the practice log: times by weekday (Monday 0)."""

    number: int
    monday: date
    times: dict[int, str]
    minutes: int
    ops: int
    errors: int
    project: str


def practice(trainee: Trainee) -> list[Week]:
    """Thirty-one weeks: one full day and one half day in the firm, with absences, make-ups and holidays."""
    dice = random.Random(f"{SEED}-{trainee.number}")
    weeks = []
    for number in range(1, WEEKS + 1):
        monday = FIRST_MONDAY + timedelta(weeks=number - 1)
        times = _times(trainee, monday, dice)
        minutes = sum(
            240 if text == HALF_DAY else 600 if text.startswith("08:00-19") else 480
            for text in times.values()
        )
        ops = dice.randint(15, 60)
        project = trainee.firm.projects[(number - 1) * len(trainee.firm.projects) // WEEKS]
        weeks.append(
            Week(number, monday, times, minutes, ops, dice.choice((0, 0, 0, 0, 0, 1, 1, 2)), project)
        )
    return weeks


def _times(trainee: Trainee, monday: date, dice: random.Random) -> dict[int, str]:
    full, half = trainee.days
    holiday = {day for day in range(5) if monday + timedelta(days=day) in HOLIDAYS}
    times = {}
    if full not in holiday and dice.random() > 0.04:
        times[full] = trainee.firm.shift
    if half not in holiday and dice.random() > 0.12:
        times[half] = HALF_DAY
    if not times:  # made up for on the first free working day
        times[next(day for day in range(5) if day not in holiday and day != full)] = trainee.firm.shift
    return times


@dataclass(frozen=True)
class Score:
    """One item of one evaluation, scored by both sides out of 100."""

    item: str
    enterprise: float
    school: int


def scores(trainee: Trainee, outcome: bool) -> list[Score]:
    """The process evaluation covers the first half of the items, the outcome evaluation all of them."""
    dice = random.Random(f"{SEED}-{trainee.number}-{outcome}")
    items = trainee.items if outcome else trainee.items[: len(trainee.items) // 2]
    able = dice.gauss(84 if outcome else 78, 5)
    found = []
    for item in items:
        enterprise = min(100.0, max(62.0, round(2 * dice.gauss(able, 4)) / 2))
        found.append(Score(item, enterprise, round(min(100.0, max(62.0, dice.gauss(able + 2, 3))))))
    return found
